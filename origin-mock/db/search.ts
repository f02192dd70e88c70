// Owns full-text search, in the words of each language.
import { searchCursor, type SearchCursor } from "../catalogue/cursor.ts";
import { DEFAULT_LOCALE, type Locale } from "../catalogue/locale.ts";
import type { Page } from "./lists.ts";
import { type Queryable, statement, type Statement } from "./port.ts";
import { PRODUCT_COLUMNS, productsOf, TRANSLATIONS } from "./product-rows.ts";

const CONFIGURATIONS = { en: "english", de: "german", fr: "french" } as const satisfies Record<Locale, string>;

const ENGLISH_HITS = `SELECT p.id, ts_rank(p.search, asked) AS rank
  FROM products p, websearch_to_tsquery('english', $2) AS asked WHERE p.search @@ asked`;

/** An untranslated product is found by its English text, which is shown instead. */
function hitsIn(locale: Locale): string {
  return locale === DEFAULT_LOCALE
    ? ENGLISH_HITS
    : `SELECT t.product_id AS id, ts_rank(t.search, asked) AS rank
        FROM product_translations t, websearch_to_tsquery('${CONFIGURATIONS[locale]}', $2) AS asked
        WHERE t.locale = '${locale}' AND t.search @@ asked
      UNION ALL ${ENGLISH_HITS}
        AND NOT EXISTS (SELECT FROM product_translations t WHERE t.product_id = p.id AND t.locale = '${locale}')`;
}

// One statement per language instead of a parameter, because the planner must see which index serves.
function searchIn(locale: Locale): Statement {
  return statement(
    `search-${locale}`,
    `WITH hits AS (${hitsIn(locale)})
      SELECT ${PRODUCT_COLUMNS}, hits.rank::text AS rank
      FROM hits JOIN products p ON p.id = hits.id ${TRANSLATIONS}
      WHERE $3::text IS NULL OR hits.rank < $3::text::real OR (hits.rank = $3::text::real AND p.id > $4::integer)
      ORDER BY hits.rank DESC, p.id LIMIT $5`,
  );
}

export const SEARCH = { en: searchIn("en"), de: searchIn("de"), fr: searchIn("fr") } as const satisfies Record<
  Locale,
  Statement
>;

/** Best match first, equals by id. `q` is free text: words, "phrases", or, -not. Nothing in it is a syntax error. */
export async function searchProducts(
  db: Queryable,
  search: {
    readonly q: string;
    readonly locale: Locale;
    readonly limit: number;
    readonly after: SearchCursor | undefined;
  },
): Promise<Page> {
  const { locale, limit, after } = search;
  // Postgres texts cannot hold NUL.
  const q = search.q.replaceAll("\0", " ");
  const rows = await db.query(SEARCH[locale], [locale, q, after?.rank ?? null, after?.id ?? null, limit + 1]);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next =
    rows.length > limit && last !== undefined
      ? searchCursor({ rank: String(last["rank"]), id: Number(last["id"]) })
      : undefined;
  return { products: productsOf(shown), next };
}
