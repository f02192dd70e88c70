// Owns the filling of an empty database: the demonstration catalogue and its people, once.
import { hashPassword } from "../auth/passwords.ts";
import { CATEGORIES } from "./catalogue-words.ts";
import { generateProducts } from "./generate.ts";
import { SETUP_LOCK } from "./migrate.ts";
import type { Database, Queryable } from "./port.ts";

const SEED_NAME = "catalogue-1";
const BATCH = 1_000;

const PEOPLE = [
  { username: "alice", display_name: "Alice Arden", email: "alice@shop.example", password: "alice-password" },
  { username: "bob", display_name: "Bob Barrow", email: "bob@shop.example", password: "bob-password" },
  { username: "admin", display_name: "Shop Administrator", email: "admin@shop.example", password: undefined },
] as const;

const PAYMENT_METHODS = [
  { id: 1, username: "alice", kind: "card", label: "Visa ending 4242", expires: "2029-04" },
  { id: 2, username: "alice", kind: "card", label: "Mastercard ending 4444", expires: "2028-11" },
  { id: 3, username: "bob", kind: "card", label: "Visa ending 1881", expires: "2030-01" },
] as const;

const insertAll = async (tx: Queryable, table: string, columns: string, rows: readonly object[]): Promise<void> => {
  // One parameter per batch, whatever the number of rows: a JSON array read as the table's own row type.
  const sql = `INSERT INTO ${table} (${columns})
    SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1::text::jsonb)`;
  for (let start = 0; start < rows.length; start += BATCH) {
    await tx.query(sql, [JSON.stringify(rows.slice(start, start + BATCH))]);
  }
};

/** True when it filled the database, false when that was done before. */
export const seed = async (db: Database): Promise<boolean> => {
  const people = await Promise.all(
    PEOPLE.map(async ({ password, ...person }) => ({
      ...person,
      password_hash: password === undefined ? null : await hashPassword(password, person.username),
    })),
  );
  return db.transaction(async (tx) => {
    await tx.query(SETUP_LOCK);
    const done = await tx.query("SELECT 1 AS done FROM seeds WHERE name = $1", [SEED_NAME]);
    if (done.length > 0) return false;
    const categories = CATEGORIES.map(({ slug, name }, position) => ({ slug, name, position }));
    const productColumns = "id, name, brand, description, category, price_cents, stock, version, updated_at";
    await insertAll(tx, "categories", "slug, name, position", categories);
    await insertAll(tx, "products", productColumns, generateProducts());
    await insertAll(tx, "users", "username, display_name, email, password_hash", people);
    await insertAll(tx, "payment_methods", "id, username, kind, label, expires", PAYMENT_METHODS);
    await tx.query("INSERT INTO seeds (name) VALUES ($1)", [SEED_NAME]);
    return true;
  });
};
