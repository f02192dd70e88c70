CREATE MATERIALIZED VIEW category_totals AS
  SELECT c.slug,
    count(p.id)::integer AS products,
    (count(p.id) FILTER (WHERE p.stock > 0))::integer AS in_stock,
    min(p.price_cents) AS min_price_cents,
    max(p.price_cents) AS max_price_cents,
    round(sum(r.stars)::numeric / sum(r.reviews), 2)::double precision AS rating,
    -- When the refresh began: it has seen what was committed before.
    now() AS refreshed_at
  FROM categories c
  LEFT JOIN products p ON p.category = c.slug
  LEFT JOIN (SELECT product_id, sum(rating) AS stars, count(*) AS reviews FROM reviews GROUP BY product_id) r
    ON r.product_id = p.id
  GROUP BY c.slug;

-- REFRESH ... CONCURRENTLY compares old rows with new ones by it.
CREATE UNIQUE INDEX category_totals_by_slug ON category_totals (slug);
