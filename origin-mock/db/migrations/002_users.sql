CREATE TABLE users (
  username text PRIMARY KEY,
  display_name text NOT NULL,
  email text NOT NULL,
  -- NULL: known by bearer token only, cannot sign in.
  password_hash text
);

CREATE TABLE payment_methods (
  id integer PRIMARY KEY,
  username text NOT NULL REFERENCES users (username),
  kind text NOT NULL,
  label text NOT NULL,
  expires text NOT NULL
);
