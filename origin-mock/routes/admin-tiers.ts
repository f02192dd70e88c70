// Owns the administrator's view of one product in every tier now. Each tier is asked directly, and looking fills nothing.
import { Hono } from "hono";
import { parseProduct, type Product } from "../catalogue/product.ts";
import type { CacheAside } from "../cache/cache-aside.ts";
import type { Queryable } from "../db/port.ts";
import { findProduct } from "../db/products.ts";
import { answerName } from "../gateway/key.ts";
import type { GatewayCache, Lookup } from "../gateway/response-cache.ts";
import { localeOf } from "../http/locale.ts";
import { POLICY } from "../http/policy.ts";
import { invalid } from "../http/problem.ts";
import { parseProductId } from "../http/query.ts";
import type { ShopEnv } from "../http/trace.ts";
import { productAddress } from "../invalidation/names.ts";
import { adminOnly } from "./guard.ts";

interface Parts {
  readonly db: Queryable;
  readonly cache: Pick<CacheAside, "peek">;
  readonly gateway: Pick<GatewayCache, "lookUp">;
}

/** Null when the tier has nothing or does not answer, so that the next one serves readers. */
function told(product: Product | undefined) {
  return product === undefined
    ? null
    : {
        version: product.version,
        price_cents: product.price_cents,
        stock: product.stock,
        updated_at: product.updated_at,
      };
}

function productIn(body: Uint8Array): Product | undefined {
  try {
    return parseProduct(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}

function toldByGateway(lookup: Lookup) {
  if (lookup.kind !== "hit") return null;
  const kept = told(productIn(lookup.answer.body));
  return kept === null ? null : { ...kept, age_seconds: Math.round(lookup.ageMs / 1_000) };
}

export function adminTierRoutes({ db, cache, gateway }: Parts): Hono<ShopEnv> {
  const routes = new Hono<ShopEnv>();
  routes.use(adminOnly("look into the tiers"));

  routes.get("/products/:id", async (c) => {
    const id = parseProductId(c.req.param("id"));
    if (!id.ok) return invalid(c, id.faults);
    const acceptLanguage = c.req.header("Accept-Language");
    const locale = localeOf(acceptLanguage);
    const path = `/api/products/${id.value}`;
    const [answered, cached, row] = await Promise.all([
      gateway.lookUp(answerName({ path, query: "", acceptLanguage, person: undefined })),
      cache.peek({ address: productAddress(id.value), variant: locale, parse: parseProduct }),
      findProduct(db, id.value, locale),
    ]);
    return c.json(
      { gateway: toldByGateway(answered), application: told(cached), database: told(row) },
      200,
      POLICY.secret,
    );
  });
  return routes;
}
