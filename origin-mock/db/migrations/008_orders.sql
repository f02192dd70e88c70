CREATE TABLE orders (
  id text PRIMARY KEY,
  username text NOT NULL REFERENCES users (username),
  total_cents bigint NOT NULL CHECK (total_cents >= 0),
  placed_at timestamptz NOT NULL
);

CREATE TABLE order_lines (
  order_id text NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  line integer NOT NULL,
  -- No foreign key, and name and price as they were: what was sold stays sold when the product is gone.
  product_id integer NOT NULL,
  name text NOT NULL,
  quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
  price_cents integer NOT NULL CHECK (price_cents >= 0),
  PRIMARY KEY (order_id, line)
);
