// Owns the SQL about single products: reading, and changing under the version that was read.
import { DEFAULT_LOCALE, type Locale } from "../catalogue/locale.ts";
import type { Product } from "../catalogue/product.ts";
import { type Queryable, statement } from "./port.ts";
import { integers, PRODUCT_COLUMNS, productsOf, TRANSLATIONS } from "./product-rows.ts";

export type ProductChanges = Partial<
  Pick<Product, "name" | "description" | "category"> & { readonly price_cents: number; readonly stock: number }
>;

/** `conflict`: the row is no longer the expected version. Neither it nor `missing` has changed anything. */
export type ProductChange =
  | { readonly kind: "updated"; readonly product: Product }
  | { readonly kind: "conflict" }
  | { readonly kind: "missing" };

/**
 * Part of every UPDATE of a product. Its time is always later than that of the change before, even after the clock is
 * set back.
 */
export function nextVersion(nowParameter: string): string {
  return `version = version + 1,
  updated_at = greatest(${nowParameter}::text::timestamptz, updated_at + interval '1 millisecond')`;
}

export function timestamp(nowMs: number): string {
  return new Date(nowMs).toISOString();
}

const FIND = statement("product-find", `SELECT ${PRODUCT_COLUMNS} FROM products p ${TRANSLATIONS} WHERE p.id = $2`);
const FIND_ALL = statement(
  "product-find-all",
  `SELECT ${PRODUCT_COLUMNS} FROM unnest($2::text::integer[]) WITH ORDINALITY AS wanted (id, place)
    JOIN products p ON p.id = wanted.id ${TRANSLATIONS} ORDER BY wanted.place`,
);
const LOCK = statement("product-lock", "SELECT id FROM products WHERE id = $1 FOR UPDATE");
const EXISTS = statement("product-exists", "SELECT id FROM products WHERE id = $1");
const UPDATE = statement(
  "product-update",
  `UPDATE products SET name = coalesce($3::text, name), description = coalesce($4::text, description),
    category = coalesce($5::text, category), price_cents = coalesce($6::integer, price_cents),
    stock = coalesce($7::integer, stock), ${nextVersion("$8")} WHERE id = $1 AND version = $2 RETURNING id`,
);
const TRANSLATE = statement(
  "product-translate",
  `INSERT INTO product_translations AS t (product_id, locale, brand, name, description)
    SELECT id, $2, brand, $3::text, $4::text FROM products WHERE id = $1
    ON CONFLICT (product_id, locale) DO UPDATE
    SET name = coalesce(excluded.name, t.name), description = coalesce(excluded.description, t.description)`,
);
const DELETE = statement("product-delete", "DELETE FROM products WHERE id = $1");

export async function findProduct(db: Queryable, id: number, locale: Locale): Promise<Product | undefined> {
  return productsOf(await db.query(FIND, [locale, id]))[0];
}

/** In the order of `ids`, without those that do not exist. */
export async function findProducts(db: Queryable, ids: readonly number[], locale: Locale): Promise<readonly Product[]> {
  return productsOf(await db.query(FIND_ALL, [locale, integers(ids)]));
}

/** Holds the row until the transaction ends, so that a precondition checked on it stays true. */
export async function lockProduct(tx: Queryable, id: number, locale: Locale): Promise<Product | undefined> {
  // Two statements, because one join would show texts from before the wait for the lock.
  const locked = await tx.query(LOCK, [id]);
  return locked.length === 0 ? undefined : findProduct(tx, id, locale);
}

async function changed(tx: Queryable, id: number, locale: Locale, updated: boolean): Promise<ProductChange> {
  if (!updated) return { kind: (await tx.query(EXISTS, [id])).length === 0 ? "missing" : "conflict" };
  const product = await findProduct(tx, id, locale);
  if (product === undefined) throw new Error(`product ${id} vanished while its row was locked`);
  return { kind: "updated", product };
}

/** Call it in a transaction. Changes the name and description of `locale`, and the product's other members. */
export async function updateProduct(
  tx: Queryable,
  id: number,
  update: {
    readonly expectedVersion: number;
    readonly locale: Locale;
    readonly changes: ProductChanges;
    readonly nowMs: number;
  },
): Promise<ProductChange> {
  const { expectedVersion, locale, nowMs } = update;
  const { name = null, description = null, category = null, price_cents = null, stock = null } = update.changes;
  const [ownName, ownDescription] = locale === DEFAULT_LOCALE ? [name, description] : [null, null];
  const params = [id, expectedVersion, ownName, ownDescription, category, price_cents, stock, timestamp(nowMs)];
  const updated = (await tx.query(UPDATE, params)).length > 0;
  if (updated && locale !== DEFAULT_LOCALE && (name !== null || description !== null)) {
    await tx.query(TRANSLATE, [id, locale, name, description]);
  }
  return changed(tx, id, locale, updated);
}

export async function deleteProduct(tx: Queryable, id: number): Promise<undefined> {
  await tx.query(DELETE, [id]);
  return undefined;
}
