CREATE TABLE category_translations (
  slug text NOT NULL REFERENCES categories (slug) ON DELETE CASCADE,
  locale text NOT NULL CHECK (locale IN ('de', 'fr')),
  name text NOT NULL,
  PRIMARY KEY (slug, locale)
);

-- English is the product's own text, and what is shown where a translation is NULL or missing.
ALTER TABLE products
  ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('english', name), 'A')
    || setweight(to_tsvector('english', brand), 'B')
    || setweight(to_tsvector('english', description), 'C')
  ) STORED,
  ADD UNIQUE (id, brand);

CREATE TABLE product_translations (
  product_id integer NOT NULL,
  locale text NOT NULL CHECK (locale IN ('de', 'fr')),
  -- Repeated so that people find a brand in every language; the foreign key keeps it true.
  brand text NOT NULL,
  name text,
  description text,
  search tsvector NOT NULL GENERATED ALWAYS AS (
    CASE locale
      WHEN 'de' THEN
        setweight(to_tsvector('german', coalesce(name, '')), 'A')
        || setweight(to_tsvector('german', brand), 'B')
        || setweight(to_tsvector('german', coalesce(description, '')), 'C')
      ELSE
        setweight(to_tsvector('french', coalesce(name, '')), 'A')
        || setweight(to_tsvector('french', brand), 'B')
        || setweight(to_tsvector('french', coalesce(description, '')), 'C')
    END
  ) STORED,
  PRIMARY KEY (product_id, locale),
  FOREIGN KEY (product_id, brand) REFERENCES products (id, brand) ON DELETE CASCADE ON UPDATE CASCADE
);

-- Without a list of pending entries: every search would read it through, and the embedded database never empties it.
CREATE INDEX products_by_words ON products USING gin (search) WITH (fastupdate = off);
CREATE INDEX product_translations_by_words_de ON product_translations USING gin (search) WITH (fastupdate = off)
  WHERE locale = 'de';
CREATE INDEX product_translations_by_words_fr ON product_translations USING gin (search) WITH (fastupdate = off)
  WHERE locale = 'fr';
