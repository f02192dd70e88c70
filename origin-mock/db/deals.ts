// Owns the SQL of deals: products that cost at least a fifth less than before.
import type { Locale } from "../catalogue/locale.ts";
import type { Product } from "../catalogue/product.ts";
import { type Queryable, statement } from "./port.ts";
import { PRODUCT_COLUMNS, productsOf, TRANSLATIONS } from "./product-rows.ts";

// Condition and order match the partial index, which answers both.
export const DEALS = statement(
  "deals",
  `SELECT ${PRODUCT_COLUMNS} FROM products p ${TRANSLATIONS}
    WHERE p.price_cents::bigint * 5 <= p.list_price_cents::bigint * 4
    ORDER BY p.price_cents::double precision / p.list_price_cents, p.id LIMIT $2`,
);

/** The largest discount first, equals by id. */
export async function listDeals(
  db: Queryable,
  list: { readonly limit: number; readonly locale: Locale },
): Promise<readonly Product[]> {
  return productsOf(await db.query(DEALS, [list.locale, list.limit]));
}
