CREATE TABLE reviews (
  product_id integer NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  -- A name, not an account: what people wrote stays when they leave.
  username text NOT NULL,
  rating integer NOT NULL CHECK (rating BETWEEN 1 AND 5),
  PRIMARY KEY (product_id, username)
);
