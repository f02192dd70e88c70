CREATE TABLE seeds (
  name text PRIMARY KEY
);
