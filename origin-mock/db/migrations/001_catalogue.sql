CREATE TABLE categories (
  slug text PRIMARY KEY,
  name text NOT NULL,
  position integer NOT NULL
);

CREATE TABLE products (
  id integer PRIMARY KEY CHECK (id > 0),
  name text NOT NULL,
  brand text NOT NULL,
  description text NOT NULL,
  category text NOT NULL REFERENCES categories (slug),
  price_cents integer NOT NULL CHECK (price_cents >= 0),
  stock integer NOT NULL CHECK (stock >= 0),
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL,
  UNIQUE (brand, name)
);

CREATE INDEX products_by_category ON products (category, id);
