// Owns the search: one answer for all spellings of a query, in the reader's language.
import { Hono } from "hono";
import type { MultiTierCache } from "../cache/multi-tier-cache.ts";
import type { Queryable } from "../db/port.ts";
import { parsePage } from "../catalogue/product.ts";
import { searchProducts } from "../db/search.ts";
import { localeOf } from "../http/locale.ts";
import { TIER_POLICY } from "../http/policy.ts";
import { invalid } from "../http/problem.ts";
import { parseSearchQuery } from "../http/query.ts";
import { noteReading, type ShopEnv } from "../http/trace.ts";
import { SEARCH_TAG } from "../invalidation/names.ts";
import { hasProducts, respondPage } from "./product-page.ts";

export function searchRoutes({ db, cache }: { readonly db: Queryable; readonly cache: MultiTierCache }) {
  const routes = new Hono<ShopEnv>();
  routes.get("/", async (c) => {
    const query = parseSearchQuery(c.req.queries());
    if (!query.ok) return invalid(c, query.faults);
    const { q, limit, after } = query.value;
    const locale = localeOf(c.req.header("Accept-Language"));
    const reading = await cache.get({
      address: { entity: "search", id: q },
      variant: `${locale}/${limit}/${after === undefined ? "" : `${after.rank}-${after.id}`}`,
      policy: TIER_POLICY.search,
      parse: parsePage,
      load: async () => {
        const { products, next } = await searchProducts(db, { q, locale, limit, after });
        return { products, next: next ?? null };
      },
      keep: hasProducts,
    });
    noteReading(c.var.trace, reading);
    const { products, next } = reading.value ?? { products: [], next: null };
    return respondPage(c, {
      body: { q, products, limit, next },
      locale,
      policy: TIER_POLICY.search,
      tags: [SEARCH_TAG],
    });
  });
  return routes;
}
