// Owns the SQL about categories: their names, and the totals that a materialized view keeps.
import { DEFAULT_LOCALE, type Locale } from "../catalogue/locale.ts";
import { type Category, parseCategory } from "../catalogue/product.ts";
import { type Database, type Queryable, rowAs, statement } from "./port.ts";

const LIST = statement(
  "category-list",
  `SELECT c.slug, coalesce(n.name, c.name) AS name, coalesce(v.products, 0) AS products,
      coalesce(v.in_stock, 0) AS in_stock, v.min_price_cents, v.max_price_cents, v.rating
    FROM categories c LEFT JOIN category_totals v ON v.slug = c.slug
    LEFT JOIN category_translations n ON n.slug = c.slug AND n.locale = $1
    ORDER BY c.position, c.slug`,
);
const SLUGS = statement("category-slugs", "SELECT slug FROM categories");
const AS_OF = statement(
  "category-totals-as-of",
  `SELECT to_char(min(refreshed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at FROM category_totals`,
);
const RENAME = statement("category-rename", "UPDATE categories SET name = $2 WHERE slug = $1 RETURNING slug");
const TRANSLATE = statement(
  "category-translate",
  `INSERT INTO category_translations (slug, locale, name) SELECT slug, $3, $2 FROM categories WHERE slug = $1
    ON CONFLICT (slug, locale) DO UPDATE SET name = excluded.name RETURNING slug`,
);

/** In the order of the shop. */
export async function listCategories(db: Queryable, locale: Locale): Promise<readonly Category[]> {
  return (await db.query(LIST, [locale])).map((row) => rowAs("category", parseCategory, row));
}

export async function categorySlugs(db: Queryable): Promise<ReadonlySet<string>> {
  return new Set((await db.query(SLUGS)).map((row) => String(row["slug"])));
}

export async function updateCategoryName(
  tx: Queryable,
  slug: string,
  locale: Locale,
  name: string,
): Promise<{ readonly kind: "updated" } | { readonly kind: "missing" }> {
  const rows =
    locale === DEFAULT_LOCALE ? await tx.query(RENAME, [slug, name]) : await tx.query(TRANSLATE, [slug, name, locale]);
  return { kind: rows.length > 0 ? "updated" : "missing" };
}

// A refresh sees only what was committed when it began, and REFRESH waits for another one after that. Taking turns
// until the commit keeps the refresh that saw less from writing last.
export const TOTALS_LOCK = "SELECT pg_advisory_xact_lock(7305512)";

/**
 * Readers go on meanwhile. A surrounding transaction would hold the view's lock until it ends, so there must be none.
 */
export function refreshCategoryTotals(db: Database): Promise<void> {
  return db.script(`${TOTALS_LOCK}; REFRESH MATERIALIZED VIEW CONCURRENTLY category_totals`);
}

/** The totals contain everything committed before this time: ISO 8601, UTC, microseconds. */
export async function categoryTotalsAsOf(db: Queryable): Promise<string | undefined> {
  const [row] = await db.query(AS_OF);
  return typeof row?.["at"] === "string" ? row["at"] : undefined;
}
