// Owns the public read of one product, and of what people think of it.
import { Hono } from "hono";
import type { Context } from "hono";
import { parseProduct, productETag } from "../catalogue/product.ts";
import { parseRating } from "../catalogue/rating.ts";
import type { CacheAside } from "../cache/cache-aside.ts";
import type { Queryable } from "../db/port.ts";
import { findProduct } from "../db/products.ts";
import { ratingOf } from "../db/reviews.ts";
import { localeOf } from "../http/locale.ts";
import { POLICY } from "../http/policy.ts";
import { invalid, methodNotAllowed, problem } from "../http/problem.ts";
import { parseProductId } from "../http/query.ts";
import { contentETag, JSON_TYPE, respond } from "../http/respond.ts";
import { noteReading } from "../http/trace.ts";
import type { ShopEnv } from "../http/trace.ts";
import { categoryTag, productAddress, PRODUCTS_TAG, productTag } from "../invalidation/product-change.ts";

const PRODUCT_TTL_MS = 300_000;
const RATING_TTL_MS = 300_000;
/** So long nobody asks the database again about a product that is not there. */
const MISSING_TTL_MS = 10_000;

type Parts = { readonly db: Queryable; readonly cache: CacheAside };

const missing = (c: Context<ShopEnv>, id: number): Response =>
  problem(c, 404, `there is no product ${id}`, {
    headers: { ...POLICY.productMissing, "Cache-Tag": productTag(id) },
  });

export const productRoutes = ({ db, cache }: Parts): Hono<ShopEnv> => {
  const routes = new Hono<ShopEnv>();

  routes.get("/:id", async (c) => {
    const id = parseProductId(c.req.param("id"));
    if (!id.ok) return invalid(c, id.faults);
    const locale = localeOf(c.req.header("Accept-Language"));
    const reading = await cache.read({
      address: productAddress(id.value),
      variant: locale,
      ttlMs: PRODUCT_TTL_MS,
      negativeMs: MISSING_TTL_MS,
      parse: parseProduct,
      load: () => findProduct(db, id.value, locale),
    });
    noteReading(c.var.trace, reading);
    const product = reading.value;
    if (product === undefined) return missing(c, id.value);
    return respond(c, {
      body: JSON.stringify(product),
      contentType: JSON_TYPE,
      language: locale,
      validators: { etag: productETag(product, locale), lastModifiedMs: Date.parse(product.updated_at) },
      headers: {
        ...POLICY.product,
        "Cache-Tag": [productTag(product.id), PRODUCTS_TAG, categoryTag(product.category)].join(","),
      },
    });
  });

  // A resource of its own: it changes with every review, and the product's version and tag do not.
  routes.get("/:id/rating", async (c) => {
    const id = parseProductId(c.req.param("id"));
    if (!id.ok) return invalid(c, id.faults);
    const reading = await cache.read({
      address: { entity: "rating", id: String(id.value) },
      variant: "",
      ttlMs: RATING_TTL_MS,
      negativeMs: MISSING_TTL_MS,
      parse: parseRating,
      load: () => ratingOf(db, id.value),
    });
    noteReading(c.var.trace, reading);
    if (reading.value === undefined) return missing(c, id.value);
    const body = JSON.stringify(reading.value);
    return respond(c, {
      body,
      contentType: JSON_TYPE,
      validators: { etag: contentETag(body) },
      headers: { ...POLICY.rating, "Cache-Tag": `${productTag(id.value)},ratings` },
    });
  });
  routes.all("/:id/rating", methodNotAllowed("GET, HEAD"));

  return routes;
};
