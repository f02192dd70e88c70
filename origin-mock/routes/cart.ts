// Owns the cart: whose it is, its lines at the prices of now, and the changes to them.
import { Hono } from "hono";
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { Locale } from "../catalogue/locale.ts";
import { parseProduct } from "../catalogue/product.ts";
import type { Product } from "../catalogue/product.ts";
import type { CacheAside } from "../cache/cache-aside.ts";
import { CART_COOKIE, CART_IDLE_MS, MOST_LINES, MOST_QUANTITY } from "../cart/carts.ts";
import type { Cart, CartChange, CartOwner, Carts } from "../cart/carts.ts";
import type { Queryable } from "../db/port.ts";
import { findProducts } from "../db/products.ts";
import { readJsonObject } from "../http/json-body.ts";
import { localeOf } from "../http/locale.ts";
import { POLICY } from "../http/policy.ts";
import { invalid, methodNotAllowed, problem } from "../http/problem.ts";
import { parseProductId } from "../http/query.ts";
import { contentETag, JSON_TYPE, respond } from "../http/respond.ts";
import { noteReading } from "../http/trace.ts";
import type { ShopEnv } from "../http/trace.ts";
import { userTag } from "../invalidation/product-change.ts";
import { signInFirst } from "./guard.ts";

type Parts = {
  readonly db: Queryable;
  readonly cache: CacheAside;
  readonly carts: Carts;
};

const PRODUCT_TTL_MS = 300_000;
/** As `newGuestId` makes them: nobody shares a cart by choosing a name for it. */
const GUEST_ID = /^[\w-]{43}$/;

export const guestIdOf = (c: Context): string | undefined => {
  const id = getCookie(c, CART_COOKIE);
  return id !== undefined && GUEST_ID.test(id) ? id : undefined;
};

export const CART_COOKIE_PATH = "/api";

const keepGuest = (c: Context, id: string): void =>
  setCookie(c, CART_COOKIE, id, {
    path: CART_COOKIE_PATH,
    httpOnly: true,
    sameSite: "Lax",
    secure: c.req.header("X-Forwarded-Proto") === "https",
    maxAge: CART_IDLE_MS / 1_000,
  });

const EMPTY: Cart = { version: "0", lines: [] };

export const cartRoutes = ({ db, cache, carts }: Parts): Hono<ShopEnv> => {
  const routes = new Hono<ShopEnv>();

  /** Undefined for a guest who never put anything into a cart; "stranger" for a token that is nobody's. */
  const ownerOf = async (c: Context<ShopEnv>): Promise<CartOwner | "stranger" | undefined> => {
    const identity = await c.var.identity();
    if (identity !== undefined) return { kind: "user", username: identity.username };
    if (c.req.header("Authorization") !== undefined) return "stranger";
    const id = guestIdOf(c);
    return id === undefined ? undefined : { kind: "guest", id };
  };

  const productsIn = async (c: Context<ShopEnv>, ids: readonly number[], locale: Locale) => {
    const reading = await cache.readMany<Product>({
      entity: "product",
      ids: ids.map(String),
      variant: locale,
      ttlMs: PRODUCT_TTL_MS,
      parse: parseProduct,
      load: async (missing) => {
        const found = await findProducts(db, missing.map(Number), locale);
        return new Map(found.map((product) => [String(product.id), product]));
      },
    });
    noteReading(c.var.trace, reading);
    return reading.values;
  };

  const show = async (c: Context<ShopEnv>, owner: CartOwner | undefined, cart: Cart): Promise<Response> => {
    const locale = localeOf(c.req.header("Accept-Language"));
    const products = await productsIn(
      c,
      cart.lines.map(({ product_id }) => product_id),
      locale,
    );
    // What is no longer sold is no longer shown.
    const lines = cart.lines.flatMap(({ product_id, quantity }) => {
      const product = products.get(String(product_id));
      if (product === undefined) return [];
      const { id, name, category, price_cents, stock } = product;
      return [{ id, name, category, price_cents, stock, quantity }];
    });
    const username = owner?.kind === "user" ? owner.username : null;
    const total_cents = lines.reduce((sum, { quantity, price_cents }) => sum + quantity * price_cents, 0);
    const body = JSON.stringify({ username, version: cart.version, lines, total_cents });
    const headers = {
      ...POLICY.cart,
      "Cache-Tag": username === null ? "cart" : `cart,${userTag(username)}`,
    };
    const reading = c.req.method === "GET" || c.req.method === "HEAD";
    if (!reading) return c.body(body, 200, { ...headers, "Content-Type": JSON_TYPE, "Content-Language": locale });
    return respond(c, {
      body,
      contentType: JSON_TYPE,
      language: locale,
      validators: { etag: contentETag(body) },
      headers,
    });
  };

  const change = async (c: Context<ShopEnv>, what: CartChange): Promise<Response> => {
    const known = await ownerOf(c);
    if (known === "stranger") return signInFirst(c);
    if (known === undefined && what.kind !== "set") return show(c, undefined, EMPTY);
    const owner: CartOwner = known ?? { kind: "guest", id: carts.newGuestId() };
    const outcome = await carts.change(owner, what);
    if (outcome.status === "refused") return problem(c, 409, `a cart has at most ${MOST_LINES} lines`);
    if (owner.kind === "guest") keepGuest(c, owner.id);
    return show(c, owner, outcome.cart);
  };

  routes.get("/", async (c) => {
    const owner = await ownerOf(c);
    if (owner === "stranger") return signInFirst(c);
    return show(c, owner, owner === undefined ? EMPTY : await carts.read(owner));
  });
  routes.delete("/", (c) => change(c, { kind: "clear" }));
  routes.all("/", methodNotAllowed("GET, HEAD, DELETE"));

  routes.put("/lines/:id", async (c) => {
    const id = parseProductId(c.req.param("id"));
    const body = await readJsonObject(c);
    if (body.kind === "refused") return body.response;
    const quantity = body.kind === "object" ? body.value["quantity"] : undefined;
    const fits =
      typeof quantity === "number" && Number.isInteger(quantity) && quantity >= 1 && quantity <= MOST_QUANTITY;
    const detail = `must be a whole number from 1 to ${MOST_QUANTITY}`;
    if (!id.ok || body.kind === "faulty" || !fits) {
      const bodyFault = body.kind === "faulty" ? body.fault : { in: "body" as const, at: "/quantity", detail };
      return invalid(c, [...(id.ok ? [] : id.faults), ...(fits ? [] : [bodyFault])]);
    }
    const products = await productsIn(c, [id.value], localeOf(c.req.header("Accept-Language")));
    if (!products.has(String(id.value))) return problem(c, 404, `there is no product ${id.value}`);
    return change(c, { kind: "set", productId: id.value, quantity });
  });
  routes.delete("/lines/:id", async (c) => {
    const id = parseProductId(c.req.param("id"));
    return id.ok ? change(c, { kind: "remove", productId: id.value }) : invalid(c, id.faults);
  });
  routes.all("/lines/:id", methodNotAllowed("PUT, DELETE"));
  return routes;
};
