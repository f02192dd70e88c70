// Owns the deals: products at a large discount, on one short-lived page.
import { Hono } from "hono";
import type { MultiTierCache } from "../cache/multi-tier-cache.ts";
import { parsePage } from "../catalogue/product.ts";
import { listDeals } from "../db/deals.ts";
import type { Queryable } from "../db/port.ts";
import type { Flags } from "../flags/flags.ts";
import { localeOf } from "../http/locale.ts";
import { TIER_POLICY } from "../http/policy.ts";
import { invalid } from "../http/problem.ts";
import { parseDealsQuery } from "../http/query.ts";
import { noteReading, type ShopEnv } from "../http/trace.ts";
import { DEALS_ADDRESS, DEALS_TAG } from "../invalidation/names.ts";
import { respondPage } from "./product-page.ts";

/** Decides which deals wear a badge with their discount. */
const BADGE_FLAG = "new-deals-badge";

interface Parts {
  readonly db: Queryable;
  readonly cache: MultiTierCache;
  readonly flags: Pick<Flags, "isOn">;
}

export function dealRoutes({ db, cache, flags }: Parts) {
  const routes = new Hono<ShopEnv>();
  routes.get("/", async (c) => {
    const query = parseDealsQuery(c.req.queries());
    if (!query.ok) return invalid(c, query.faults);
    const { limit } = query.value;
    const locale = localeOf(c.req.header("Accept-Language"));
    const reading = await cache.get({
      address: DEALS_ADDRESS,
      variant: `${locale}/${limit}`,
      policy: TIER_POLICY.deals,
      parse: parsePage,
      load: async () => ({ products: await listDeals(db, { limit, locale }), next: null }),
    });
    noteReading(c.var.trace, reading);
    const { products } = reading.value ?? { products: [] };
    // Rolled out by product instead of by person, so that everybody can share the page.
    const on = await Promise.all(products.map(({ id }) => flags.isOn(BADGE_FLAG, `product:${id}`)));
    const badges = products.map(({ id }) => id).filter((_, index) => on[index]);
    return respondPage(c, {
      body: { products, badges, limit, next: null },
      locale,
      policy: TIER_POLICY.deals,
      tags: [DEALS_TAG],
    });
  });
  return routes;
}
