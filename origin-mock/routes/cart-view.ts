// Owns the view of a cart: its lines in the reader's language, at current prices.
import type { Context } from "hono";
import type { Locale } from "../catalogue/locale.ts";
import { parseProduct, type Product } from "../catalogue/product.ts";
import type { MultiTierCache } from "../cache/multi-tier-cache.ts";
import type { Cart, CartOwner } from "../cart/carts.ts";
import type { Queryable } from "../db/port.ts";
import { findProducts } from "../db/products.ts";
import { localeOf } from "../http/locale.ts";
import { POLICY, TIER_POLICY } from "../http/policy.ts";
import { contentETag, JSON_TYPE, judgeRequest, respond } from "../http/respond.ts";
import { noteReading, type ShopEnv } from "../http/trace.ts";
import { userTag } from "../invalidation/names.ts";

interface Parts {
  readonly db: Queryable;
  readonly cache: Pick<MultiTierCache, "getMany">;
}

export interface CartView {
  readonly isSold: (c: Context<ShopEnv>, productId: number) => Promise<boolean>;
  /** Whether the request's conditions allow a change of the cart. */
  readonly mayChange: (c: Context<ShopEnv>, owner: CartOwner | undefined, cart: Cart) => Promise<boolean>;
  readonly show: (c: Context<ShopEnv>, owner: CartOwner | undefined, cart: Cart) => Promise<Response>;
}

function bodyOf(owner: CartOwner | undefined, cart: Cart, products: ReadonlyMap<string, Product>): string {
  // A product that is gone is not shown.
  const lines = cart.lines.flatMap(({ product_id, quantity }) => {
    const product = products.get(String(product_id));
    if (product === undefined) return [];
    const { id, name, category, price_cents, stock } = product;
    return [{ id, name, category, price_cents, stock, quantity }];
  });
  const username = owner?.kind === "user" ? owner.username : null;
  const total_cents = lines.reduce((sum, { quantity, price_cents }) => sum + quantity * price_cents, 0);
  return JSON.stringify({ username, version: cart.version, lines, total_cents });
}

export function createCartView({ db, cache }: Parts): CartView {
  const productsIn = async (c: Context<ShopEnv>, ids: readonly number[], locale: Locale) => {
    const reading = await cache.getMany<Product>({
      entity: "product",
      ids: ids.map(String),
      variant: locale,
      policy: TIER_POLICY.product,
      parse: parseProduct,
      load: async (missing) => {
        const found = await findProducts(db, missing.map(Number), locale);
        return new Map(found.map((product) => [String(product.id), product]));
      },
    });
    noteReading(c.var.trace, reading);
    return reading.values;
  };
  const readerOf = (c: Context): Locale => localeOf(c.req.header("Accept-Language"));

  const shownTo = async (c: Context<ShopEnv>, owner: CartOwner | undefined, cart: Cart) => {
    const language = readerOf(c);
    const ids = cart.lines.map(({ product_id }) => product_id);
    const body = bodyOf(owner, cart, await productsIn(c, ids, language));
    return { body, language, validators: { etag: contentETag(body) } };
  };

  return {
    isSold: async (c, productId) => (await productsIn(c, [productId], readerOf(c))).size > 0,
    async mayChange(c, owner, cart) {
      const { validators } = await shownTo(c, owner, cart);
      return judgeRequest(c, validators) === "proceed";
    },
    async show(c, owner, cart) {
      const { body, language, validators } = await shownTo(c, owner, cart);
      const tags = owner?.kind === "user" ? ["cart", userTag(owner.username)] : ["cart"];
      const headers = { ...POLICY.cart, "Cache-Tag": tags.join(",") };
      // The conditions of a change were about the cart before it.
      if (c.req.method !== "GET" && c.req.method !== "HEAD") {
        return c.body(body, 200, { ...headers, "Content-Type": JSON_TYPE, "Content-Language": language });
      }
      return respond(c, { body, contentType: JSON_TYPE, language, validators, headers });
    },
  };
}
