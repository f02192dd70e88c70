// Owns the public pages of products.
import { Hono } from "hono";
import { parsePage, type ProductPage } from "../catalogue/product.ts";
import { listCursor } from "../catalogue/cursor.ts";
import type { Locale } from "../catalogue/locale.ts";
import type { MultiTierCache } from "../cache/multi-tier-cache.ts";
import { listAfter, listProducts } from "../db/lists.ts";
import type { Queryable } from "../db/port.ts";
import { localeOf } from "../http/locale.ts";
import { TIER_POLICY } from "../http/policy.ts";
import { invalid } from "../http/problem.ts";
import { type ListQuery, parseListQuery } from "../http/query.ts";
import { noteReading, type ShopEnv } from "../http/trace.ts";
import { categoryTag, listAddress, WHOLE_LIST_TAG } from "../invalidation/names.ts";
import { hasProducts, respondPage } from "./product-page.ts";

interface Parts {
  readonly db: Queryable;
  readonly cache: MultiTierCache;
}

async function load(db: Queryable, { category, limit, position }: ListQuery, locale: Locale): Promise<ProductPage> {
  if (position.by === "after") {
    const { products, next } = await listAfter(db, { category, after: position.after, limit, locale });
    return { products, next: next ?? null };
  }
  const products = await listProducts(db, { category, page: position.page, limit, locale });
  const last = products.at(-1);
  // A full page may be the last one, and is then followed by an empty one.
  return { products, next: products.length < limit || last === undefined ? null : listCursor(last) };
}

function variantOf({ limit, position }: ListQuery, locale: Locale): string {
  return `${locale}/${limit}/${position.by === "page" ? `page-${position.page}` : `after-${position.after.id}`}`;
}

export function productListRoutes({ db, cache }: Parts): Hono<ShopEnv> {
  const routes = new Hono<ShopEnv>();

  routes.get("/", async (c) => {
    const query = parseListQuery(c.req.queries());
    if (!query.ok) return invalid(c, query.faults);
    const { category, limit, position } = query.value;
    const locale = localeOf(c.req.header("Accept-Language"));
    const reading = await cache.get({
      address: listAddress(category),
      variant: variantOf(query.value, locale),
      policy: TIER_POLICY.productList,
      parse: parsePage,
      load: () => load(db, query.value, locale),
      keep: hasProducts,
    });
    noteReading(c.var.trace, reading);
    const { products, next } = reading.value ?? { products: [], next: null };
    return respondPage(c, {
      body: { products, ...(position.by === "page" ? { page: position.page } : {}), limit, next },
      locale,
      policy: TIER_POLICY.productList,
      tags: [category === undefined ? WHOLE_LIST_TAG : categoryTag(category)],
    });
  });
  return routes;
}
