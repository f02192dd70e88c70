// Owns the public read of one product.
import { Hono } from "hono";
import { parseProduct, productETag } from "../catalogue/product.ts";
import type { CacheAside } from "../cache/cache-aside.ts";
import type { Queryable } from "../db/port.ts";
import { findProduct } from "../db/products.ts";
import { POLICY } from "../http/policy.ts";
import { invalid, problem } from "../http/problem.ts";
import { parseProductId } from "../http/query.ts";
import { JSON_TYPE, respond } from "../http/respond.ts";
import { noteReading } from "../http/trace.ts";
import type { ShopEnv } from "../http/trace.ts";
import { categoryTag, productAddress, PRODUCTS_TAG, productTag } from "../invalidation/product-change.ts";

const PRODUCT_TTL_MS = 300_000;

type Parts = { readonly db: Queryable; readonly cache: CacheAside };

export const productRoutes = ({ db, cache }: Parts): Hono<ShopEnv> => {
  const routes = new Hono<ShopEnv>();

  routes.get("/:id", async (c) => {
    const id = parseProductId(c.req.param("id"));
    if (!id.ok) return invalid(c, id.faults);
    const reading = await cache.read({
      address: productAddress(id.value),
      variant: "",
      ttlMs: PRODUCT_TTL_MS,
      parse: parseProduct,
      load: () => findProduct(db, id.value, "en"),
    });
    noteReading(c.var.trace, reading);
    const product = reading.value;
    if (product === undefined) {
      const headers = { ...POLICY.productMissing, "Cache-Tag": productTag(id.value) };
      return problem(c, 404, `there is no product ${id.value}`, { headers });
    }
    return respond(c, {
      body: JSON.stringify(product),
      contentType: JSON_TYPE,
      validators: { etag: productETag(product, "en"), lastModifiedMs: Date.parse(product.updated_at) },
      headers: {
        ...POLICY.product,
        "Cache-Tag": [productTag(product.id), PRODUCTS_TAG, categoryTag(product.category)].join(","),
      },
    });
  });

  return routes;
};
