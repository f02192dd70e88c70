// Owns the SQL about products and categories.
import { parseCategory, parseProduct } from "../catalogue/product.ts";
import type { Category, Product } from "../catalogue/product.ts";
import type { Queryable, Row } from "./port.ts";

// Formatted by the database, so that both drivers return the same text.
const COLUMNS = `id, name, brand, description, category, price_cents, stock, version,
  to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS updated_at`;

export type ProductChanges = Partial<
  Pick<Product, "name" | "description" | "category"> & { readonly price_cents: number; readonly stock: number }
>;

const products = (rows: readonly Row[]): readonly Product[] =>
  rows.map((row) => {
    const product = parseProduct(row);
    if (product === undefined) throw new Error(`a product row does not look like a product: ${JSON.stringify(row)}`);
    return product;
  });

export const findProduct = async (db: Queryable, id: number): Promise<Product | undefined> =>
  products(await db.query(`SELECT ${COLUMNS} FROM products WHERE id = $1`, [id]))[0];

/** Holds the row until the transaction ends, so that a precondition checked on it stays true. */
export const lockProduct = async (tx: Queryable, id: number): Promise<Product | undefined> =>
  products(await tx.query(`SELECT ${COLUMNS} FROM products WHERE id = $1 FOR UPDATE`, [id]))[0];

export const listProducts = async (
  db: Queryable,
  list: { readonly category: string | undefined; readonly page: number; readonly limit: number },
): Promise<readonly Product[]> => {
  const offset = (list.page - 1) * list.limit;
  if (list.category === undefined) {
    return products(
      await db.query(`SELECT ${COLUMNS} FROM products ORDER BY id LIMIT $1 OFFSET $2`, [list.limit, offset]),
    );
  }
  const sql = `SELECT ${COLUMNS} FROM products WHERE category = $1 ORDER BY id LIMIT $2 OFFSET $3`;
  return products(await db.query(sql, [list.category, list.limit, offset]));
};

export const updateProduct = async (tx: Queryable, before: Product, changes: ProductChanges, nowMs: number) => {
  const after = { ...before, ...changes };
  const sql = `UPDATE products SET name = $2, description = $3, category = $4, price_cents = $5, stock = $6,
    version = version + 1, updated_at = $7::timestamptz WHERE id = $1 RETURNING ${COLUMNS}`;
  // Never earlier than the change before it, also when the clock was set back.
  const updatedAt = new Date(Math.max(nowMs, Date.parse(before.updated_at) + 1)).toISOString();
  const [updated] = products(
    await tx.query(sql, [
      before.id,
      after.name,
      after.description,
      after.category,
      after.price_cents,
      after.stock,
      updatedAt,
    ]),
  );
  if (updated === undefined) throw new Error(`product ${before.id} vanished while its row was locked`);
  return updated;
};

export const deleteProduct = async (tx: Queryable, id: number): Promise<void> => {
  await tx.query("DELETE FROM products WHERE id = $1", [id]);
};

export const listCategories = async (db: Queryable): Promise<readonly Category[]> => {
  const rows = await db.query(`SELECT c.slug, c.name, count(p.id)::integer AS products
    FROM categories c LEFT JOIN products p ON p.category = c.slug GROUP BY c.slug ORDER BY c.position`);
  return rows.map((row) => {
    const category = parseCategory(row);
    if (category === undefined) throw new Error(`a category row does not look like one: ${JSON.stringify(row)}`);
    return category;
  });
};

export const categorySlugs = async (db: Queryable): Promise<ReadonlySet<string>> =>
  new Set((await db.query("SELECT slug FROM categories")).map((row) => String(row["slug"])));
