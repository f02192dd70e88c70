ALTER TABLE products ADD COLUMN list_price_cents integer CHECK (list_price_cents > 0);

-- Deals in their order; bigint, because five times an integer may be none.
CREATE INDEX products_by_discount ON products ((price_cents::double precision / list_price_cents), id)
  WHERE price_cents::bigint * 5 <= list_price_cents::bigint * 4;
