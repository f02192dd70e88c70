// Owns the public pages of products.
import { Hono } from "hono";
import { parseList, parseProduct } from "../catalogue/product.ts";
import type { CacheAside } from "../cache/cache-aside.ts";
import type { Queryable } from "../db/port.ts";
import { listProducts } from "../db/lists.ts";
import { POLICY } from "../http/policy.ts";
import { invalid, methodNotAllowed } from "../http/problem.ts";
import { parseListQuery } from "../http/query.ts";
import { contentETag, JSON_TYPE, respond } from "../http/respond.ts";
import { noteReading } from "../http/trace.ts";
import type { ShopEnv } from "../http/trace.ts";
import { categoryTag, listAddress, PRODUCTS_TAG, productTag, WHOLE_LIST_TAG } from "../invalidation/product-change.ts";

const LIST_TTL_MS = 60_000;

type Parts = { readonly db: Queryable; readonly cache: CacheAside };

export const productListRoutes = ({ db, cache }: Parts): Hono<ShopEnv> => {
  const routes = new Hono<ShopEnv>();

  routes.get("/", async (c) => {
    const query = parseListQuery(c.req.queries());
    if (!query.ok) return invalid(c, query.faults);
    const { category, page, limit } = query.value;
    const reading = await cache.read({
      address: listAddress(category),
      variant: `${page}/${limit}`,
      ttlMs: LIST_TTL_MS,
      parse: (value) => parseList(value, parseProduct),
      load: () => listProducts(db, { ...query.value, locale: "en" }),
      // Pages past the end, and of unknown categories, would let anyone fill Redis with nothing.
      keep: (products) => products.length > 0,
    });
    noteReading(c.var.trace, reading);
    const products = reading.value ?? [];
    const body = JSON.stringify({ products, page, limit });
    const listTag = category === undefined ? WHOLE_LIST_TAG : categoryTag(category);
    return respond(c, {
      body,
      contentType: JSON_TYPE,
      validators: { etag: contentETag(body) },
      headers: {
        ...POLICY.productList,
        "Cache-Tag": [PRODUCTS_TAG, listTag, ...products.map(({ id }) => productTag(id))].join(","),
      },
    });
  });
  routes.all("/", methodNotAllowed("GET, HEAD"));

  return routes;
};
