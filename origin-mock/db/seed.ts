// Owns the filling of an empty database: the demonstration catalogue and its people, once.
import { hashPassword } from "../auth/passwords.ts";
import { CATEGORIES, type TranslatedLocale, TRANSLATIONS } from "./catalogue-words.ts";
import { inventCatalogue, type Invented, inventReviews } from "./generate.ts";
import { SETUP_LOCK } from "./migrate.ts";
import type { Database, Queryable } from "./port.ts";
import { nextVersion } from "./products.ts";

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

const PRODUCT_COLUMNS =
  "id, name, brand, description, category, price_cents, list_price_cents, stock, version, updated_at";
const TRANSLATED_LOCALES = ["de", "fr"] as const satisfies readonly TranslatedLocale[];

async function insertAll(
  tx: Queryable,
  table: string,
  columns: string,
  rows: readonly object[],
  condition = "",
): Promise<void> {
  // One parameter per batch, whatever the number of rows: a JSON array that Postgres reads as the table's own row type.
  const sql = `INSERT INTO ${table} (${columns})
    SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1::text::jsonb) ${condition}`;
  for (let start = 0; start < rows.length; start += BATCH) {
    await tx.query(sql, [JSON.stringify(rows.slice(start, start + BATCH))]);
  }
}

/**
 * A step runs once in the life of a database. A new step has a new name, and finds whatever people have changed since.
 */
interface Step {
  readonly name: string;
  fill(tx: Queryable, invented: readonly Invented[]): Promise<void>;
}

function hashedPeople() {
  return Promise.all(
    PEOPLE.map(async ({ password, ...person }) => ({
      ...person,
      password_hash: password === undefined ? null : await hashPassword(password, person.username),
    })),
  );
}

const CATALOGUE: Step = {
  name: "catalogue-1",
  async fill(tx, invented) {
    const categories = CATEGORIES.map(({ slug, name }, position) => ({ slug, name, position }));
    const products = invented.map(({ product }) => product);
    await insertAll(tx, "categories", "slug, name, position", categories);
    await insertAll(tx, "products", PRODUCT_COLUMNS, products);
    await insertAll(tx, "users", "username, display_name, email, password_hash", await hashedPeople());
    await insertAll(tx, "payment_methods", "id, username, kind, label, expires", PAYMENT_METHODS);
  },
};

/** For databases filled before list prices existed. Like every change, it makes a new version. */
const LIST_PRICES: Step = {
  name: "list-prices-1",
  async fill(tx, invented) {
    const priced = invented.flatMap(({ product: { id, list_price_cents } }) =>
      list_price_cents === null ? [] : [{ id, list_price_cents }],
    );
    await tx.query(
      `UPDATE products SET list_price_cents = priced.list_price_cents, ${nextVersion("'-infinity'")}
        FROM jsonb_to_recordset($1::text::jsonb) AS priced (id integer, list_price_cents integer)
        WHERE products.id = priced.id AND products.list_price_cents IS NULL
          AND priced.list_price_cents > products.price_cents`,
      [JSON.stringify(priced)],
    );
  },
};

const TRANSLATED: Step = {
  name: "translations-1",
  async fill(tx, invented) {
    const names = TRANSLATED_LOCALES.flatMap((locale) =>
      Object.entries(TRANSLATIONS[locale].categories).map(([slug, { name }]) => ({ slug, locale, name })),
    );
    await insertAll(tx, "category_translations", "slug, locale, name", names);
    const texts = invented.flatMap(({ product: { id, brand }, translations }) =>
      TRANSLATED_LOCALES.map((locale) => ({ product_id: id, locale, brand, ...translations[locale] })),
    );
    const stillThere = "WHERE (product_id, brand) IN (SELECT id, brand FROM products)";
    await insertAll(tx, "product_translations", "product_id, locale, brand, name, description", texts, stillThere);
  },
};

const REVIEWS: Step = {
  name: "reviews-1",
  async fill(tx, invented) {
    const reviews = inventReviews(invented.map(({ product }) => product));
    const stillThere = "WHERE product_id IN (SELECT id FROM products)";
    await insertAll(tx, "reviews", "product_id, username, rating", reviews, stillThere);
  },
};

const STEPS: readonly Step[] = [CATALOGUE, LIST_PRICES, TRANSLATED, REVIEWS];

const WORD_INDEXES = ["products_by_words", "product_translations_by_words_de", "product_translations_by_words_fr"];

/** A pending list lets thousands of rows enter the word indexes twice as fast. Single rows do without it. */
async function inBulk(tx: Queryable, fill: () => Promise<void>): Promise<void> {
  await tx.script(WORD_INDEXES.map((name) => `ALTER INDEX ${name} SET (fastupdate = on)`).join("; "));
  await fill();
  await tx.script(
    WORD_INDEXES.map(
      (name) => `SELECT gin_clean_pending_list('${name}'); ALTER INDEX ${name} SET (fastupdate = off)`,
    ).join("; "),
  );
}

/** Resolves to true if it filled anything, to false if every step was done before. */
export function seed(db: Database): Promise<boolean> {
  return db.transaction(async (tx) => {
    await tx.query(SETUP_LOCK);
    const done = new Set((await tx.query("SELECT name FROM seeds")).map((row) => row["name"]));
    const pending = STEPS.filter(({ name }) => !done.has(name));
    if (pending.length === 0) return false;
    const invented = inventCatalogue();
    await inBulk(tx, async () => {
      for (const { name, fill } of pending) {
        await fill(tx, invented);
        await tx.query("INSERT INTO seeds (name) VALUES ($1)", [name]);
      }
    });
    // The embedded database counts rows only on request, and plans badly for tables it has not counted.
    await tx.script("REFRESH MATERIALIZED VIEW category_totals; ANALYZE products, product_translations, reviews");
    return true;
  });
}
