// Owns the public routes of one product and its rating.
import { type Context, Hono } from "hono";
import { DEFAULT_LOCALE, type Locale } from "../catalogue/locale.ts";
import { parseProduct, type Product, productETag } from "../catalogue/product.ts";
import { createRatings } from "../cache/aggregates.ts";
import type { MultiTierCache } from "../cache/multi-tier-cache.ts";
import type { Queryable } from "../db/port.ts";
import { findProduct } from "../db/products.ts";
import { ratingsOf } from "../db/reviews.ts";
import { localeOf } from "../http/locale.ts";
import { POLICY, TIER_POLICY } from "../http/policy.ts";
import { invalid, problem } from "../http/problem.ts";
import { parseProductId } from "../http/query.ts";
import { contentETag, JSON_TYPE, respond } from "../http/respond.ts";
import { noteReading, type ShopEnv } from "../http/trace.ts";
import { categoryTag, productAddress, PRODUCTS_TAG, productTag } from "../invalidation/names.ts";

/** How long a missing product is remembered as missing. */
const MISSING_TTL_MS = 10_000;

interface Parts {
  readonly db: Queryable;
  readonly cache: MultiTierCache;
}

function missing(c: Context<ShopEnv>, id: number): Response {
  return problem(c, 404, `there is no product ${id}`, {
    headers: { ...POLICY.productMissing, "Cache-Tag": productTag(id) },
  });
}

export function productRoutes({ db, cache }: Parts): Hono<ShopEnv> {
  const routes = new Hono<ShopEnv>();
  const ratings = createRatings({ cache, policy: TIER_POLICY.rating, load: (ids) => ratingsOf(db, ids) });

  const read = async (c: Context<ShopEnv>, id: number, locale: Locale): Promise<Product | undefined> => {
    const reading = await cache.get({
      address: productAddress(id),
      variant: locale,
      policy: TIER_POLICY.product,
      negativeMs: MISSING_TTL_MS,
      parse: parseProduct,
      load: () => findProduct(db, id, locale),
    });
    noteReading(c.var.trace, reading);
    return reading.value;
  };

  routes.get("/:id", async (c) => {
    const id = parseProductId(c.req.param("id"));
    if (!id.ok) return invalid(c, id.faults);
    const locale = localeOf(c.req.header("Accept-Language"));
    const product = await read(c, id.value, locale);
    if (product === undefined) return missing(c, id.value);
    return respond(c, {
      body: JSON.stringify(product),
      contentType: JSON_TYPE,
      language: locale,
      // No Last-Modified, because two changes within one second share it, as do all changes while a clock that was set
      // back catches up. A client that validates by it alone would keep an old product (RFC 9110 8.8.2.2).
      validators: { etag: productETag(product, locale) },
      headers: cache.headers(TIER_POLICY.product, [
        productTag(product.id),
        PRODUCTS_TAG,
        categoryTag(product.category),
      ]),
    });
  });

  // A separate resource, because reviews change the rating but not the product's version.
  routes.get("/:id/rating", async (c) => {
    const id = parseProductId(c.req.param("id"));
    if (!id.ok) return invalid(c, id.faults);
    const reading = await ratings.of([id.value]);
    noteReading(c.var.trace, reading);
    const rating = reading.values.get(String(id.value));
    // Either nobody has rated the product, or it does not exist.
    if (rating === undefined && (await read(c, id.value, DEFAULT_LOCALE)) === undefined) return missing(c, id.value);
    const body = JSON.stringify(rating ?? { average: null, count: 0 });
    return respond(c, {
      body,
      contentType: JSON_TYPE,
      validators: { etag: contentETag(body) },
      headers: cache.headers(TIER_POLICY.rating, [productTag(id.value), "ratings"]),
    });
  });
  return routes;
}
