// Owns how products are selected in a language, and how rows become products. In every statement $1 is the locale.
import { parseProduct, type Product } from "../catalogue/product.ts";
import { type Row, rowAs } from "./port.ts";

// The time is formatted by the database, so that both drivers return the same text.
export const PRODUCT_COLUMNS = `p.id, coalesce(t.name, p.name) AS name, p.brand,
  coalesce(t.description, p.description) AS description, p.category, p.price_cents, p.list_price_cents, p.stock,
  p.version, to_char(p.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS updated_at`;

/** Joined to products as `p`; English has no rows there. */
export const TRANSLATIONS = "LEFT JOIN product_translations t ON t.product_id = p.id AND t.locale = $1";

export function productsOf(rows: readonly Row[]): readonly Product[] {
  return rows.map((row) => rowAs("product", parseProduct, row));
}

/** A list of integers as one text parameter, which both drivers send alike; read as `$n::text::integer[]`. */
export function integers(values: readonly number[]): string {
  return `{${values.join(",")}}`;
}
