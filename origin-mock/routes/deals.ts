// Owns the deals: what costs much less than it did, on one short-lived page.
import { Hono } from "hono";
import type { CacheAside } from "../cache/cache-aside.ts";
import { listDeals } from "../db/deals.ts";
import type { Queryable } from "../db/port.ts";
import { localeOf } from "../http/locale.ts";
import { POLICY } from "../http/policy.ts";
import { invalid, methodNotAllowed } from "../http/problem.ts";
import { parseDealsQuery } from "../http/query.ts";
import { noteReading } from "../http/trace.ts";
import type { ShopEnv } from "../http/trace.ts";
import { DEALS_ADDRESS, DEALS_TAG } from "../invalidation/product-change.ts";
import { parsePage, respondPage } from "./product-page.ts";

const DEALS_TTL_MS = 30_000;

export const dealRoutes = ({ db, cache }: { readonly db: Queryable; readonly cache: CacheAside }) => {
  const routes = new Hono<ShopEnv>();
  routes.get("/", async (c) => {
    const query = parseDealsQuery(c.req.queries());
    if (!query.ok) return invalid(c, query.faults);
    const { limit } = query.value;
    const locale = localeOf(c.req.header("Accept-Language"));
    const reading = await cache.read({
      address: DEALS_ADDRESS,
      variant: `${locale}/${limit}`,
      ttlMs: DEALS_TTL_MS,
      parse: parsePage,
      load: async () => ({ products: await listDeals(db, { limit, locale }), next: null }),
    });
    noteReading(c.var.trace, reading);
    const { products } = reading.value ?? { products: [] };
    return respondPage(c, { body: { products, limit, next: null }, locale, policy: POLICY.deals, tags: [DEALS_TAG] });
  });
  routes.all("/", methodNotAllowed("GET, HEAD"));
  return routes;
};
