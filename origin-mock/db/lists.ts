// Owns the SQL of product lists: numbered pages for the contract, and keyset pages that neither slip nor slow down.
import { listCursor, type ListCursor } from "../catalogue/cursor.ts";
import type { Locale } from "../catalogue/locale.ts";
import type { Product } from "../catalogue/product.ts";
import { type Queryable, statement } from "./port.ts";
import { PRODUCT_COLUMNS, productsOf, TRANSLATIONS } from "./product-rows.ts";

/** `next` is the cursor of the page after, undefined on the last one. */
export interface Page {
  readonly products: readonly Product[];
  readonly next: string | undefined;
}

const FROM = `SELECT ${PRODUCT_COLUMNS} FROM products p ${TRANSLATIONS}`;

const PAGE = statement("list-page", `${FROM} ORDER BY p.id LIMIT $2 OFFSET $3`);
const CATEGORY_PAGE = statement("list-category-page", `${FROM} WHERE p.category = $4 ORDER BY p.id LIMIT $2 OFFSET $3`);
// The planner walks the index from the cursor on, so a late page costs as much as the first.
export const AFTER = statement("list-after", `${FROM} WHERE p.id > $2 ORDER BY p.id LIMIT $3`);
export const CATEGORY_AFTER = statement(
  "list-category-after",
  `${FROM} WHERE p.category = $4 AND p.id > $2 ORDER BY p.id LIMIT $3`,
);

export async function listProducts(
  db: Queryable,
  list: {
    readonly category: string | undefined;
    readonly page: number;
    readonly limit: number;
    readonly locale: Locale;
  },
): Promise<readonly Product[]> {
  const params = [list.locale, list.limit, (list.page - 1) * list.limit];
  return productsOf(
    list.category === undefined
      ? await db.query(PAGE, params)
      : await db.query(CATEGORY_PAGE, [...params, list.category]),
  );
}

/** A product that stays in the list while a client pages through it is seen exactly once, whatever else changes. */
export async function listAfter(
  db: Queryable,
  list: {
    readonly category: string | undefined;
    readonly after: ListCursor | undefined;
    readonly limit: number;
    readonly locale: Locale;
  },
): Promise<Page> {
  // One row more than the limit tells whether another page follows.
  const params = [list.locale, list.after?.id ?? 0, list.limit + 1];
  const rows =
    list.category === undefined
      ? await db.query(AFTER, params)
      : await db.query(CATEGORY_AFTER, [...params, list.category]);
  const products = productsOf(rows.slice(0, list.limit));
  const last = products.at(-1);
  return { products, next: rows.length > list.limit && last !== undefined ? listCursor(last) : undefined };
}
