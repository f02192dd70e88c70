// Owns the list of categories.
import { Hono } from "hono";
import { parseCategory, parseList } from "../catalogue/product.ts";
import type { CacheAside } from "../cache/cache-aside.ts";
import type { Queryable } from "../db/port.ts";
import { listCategories } from "../db/categories.ts";
import { POLICY } from "../http/policy.ts";
import { methodNotAllowed } from "../http/problem.ts";
import { contentETag, JSON_TYPE, respond } from "../http/respond.ts";
import { noteReading } from "../http/trace.ts";
import type { ShopEnv } from "../http/trace.ts";
import { CATEGORIES_ADDRESS, CATEGORIES_TAG } from "../invalidation/product-change.ts";

const CATEGORIES_TTL_MS = 300_000;

export const categoryRoutes = ({ db, cache }: { readonly db: Queryable; readonly cache: CacheAside }) => {
  const routes = new Hono<ShopEnv>();
  routes.get("/", async (c) => {
    const reading = await cache.read({
      address: CATEGORIES_ADDRESS,
      variant: "",
      ttlMs: CATEGORIES_TTL_MS,
      parse: (value) => parseList(value, parseCategory),
      load: () => listCategories(db, "en"),
    });
    noteReading(c.var.trace, reading);
    const body = JSON.stringify({ categories: reading.value ?? [] });
    return respond(c, {
      body,
      contentType: JSON_TYPE,
      validators: { etag: contentETag(body) },
      headers: { ...POLICY.categories, "Cache-Tag": CATEGORIES_TAG },
    });
  });
  routes.all("/", methodNotAllowed("GET, HEAD"));
  return routes;
};
