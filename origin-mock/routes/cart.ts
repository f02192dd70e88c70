// Owns the cart's routes: whose cart it is, and the changes to it.
import { type Context, Hono } from "hono";
import type { MultiTierCache } from "../cache/multi-tier-cache.ts";
import { type Cart, type CartChange, type CartOwner, type Carts, MOST_LINES, MOST_QUANTITY } from "../cart/carts.ts";
import type { Queryable } from "../db/port.ts";
import { readPathAndBody } from "../http/json-body.ts";
import { invalid, problem } from "../http/problem.ts";
import { parseProductId } from "../http/query.ts";
import type { ShopEnv } from "../http/trace.ts";
import { check, wholeNumber } from "../schema.ts";
import { createCartView } from "./cart-view.ts";
import { guestIdOf, rememberGuest } from "./guest.ts";

interface Parts {
  readonly db: Queryable;
  readonly cache: MultiTierCache;
  readonly carts: Carts;
}

const LINE = { quantity: wholeNumber(1, MOST_QUANTITY) };
const EMPTY: Cart = { version: "0", lines: [] };

/** Undefined for a guest without a cart. */
async function ownerOf(c: Context<ShopEnv>): Promise<CartOwner | undefined> {
  const identity = await c.var.identity();
  if (identity !== undefined) return { kind: "user", username: identity.username };
  const id = guestIdOf(c);
  return id === undefined ? undefined : { kind: "guest", id };
}

function notThatCart(c: Context): Response {
  return problem(c, 412, "the cart is not the one the condition names");
}

export function cartRoutes({ db, cache, carts }: Parts): Hono<ShopEnv> {
  const routes = new Hono<ShopEnv>();
  const view = createCartView({ db, cache });

  /** Whether the request's conditions are met, and by which version. Without conditions, any version will do. */
  const meets = async (c: Context<ShopEnv>, owner: CartOwner | undefined) => {
    const isConditional = ["If-Match", "If-None-Match"].some((name) => c.req.header(name) !== undefined);
    if (!isConditional) return { met: true, version: undefined };
    const cart = owner === undefined ? EMPTY : await carts.read(owner);
    return { met: await view.mayChange(c, owner, cart), version: cart.version };
  };

  const change = async (c: Context<ShopEnv>, what: CartChange): Promise<Response> => {
    const known = await ownerOf(c);
    // A cart that was never filled has nothing to remove, so no cookie is set.
    if (known === undefined && what.kind !== "set") return view.show(c, undefined, EMPTY);
    const owner: CartOwner = known ?? { kind: "guest", id: carts.newGuestId() };
    const condition = await meets(c, known);
    if (!condition.met) return notThatCart(c);
    const outcome = await carts.change(owner, what, condition.version);
    if (outcome.status === "conflict") return notThatCart(c);
    if (outcome.status === "refused") return problem(c, 409, `a cart has at most ${MOST_LINES} lines`);
    if (owner.kind === "guest") rememberGuest(c, owner.id);
    return view.show(c, owner, outcome.cart);
  };

  routes.get("/", async (c) => {
    const owner = await ownerOf(c);
    return view.show(c, owner, owner === undefined ? EMPTY : await carts.read(owner));
  });
  routes.delete("/", (c) => change(c, { kind: "clear" }));

  routes.put("/lines/:id", async (c) => {
    const read = await readPathAndBody(c, parseProductId(c.req.param("id")), (body) => check(LINE, body));
    if (read instanceof Response) return read;
    const { path: productId, body } = read;
    // Otherwise anyone could fill carts with products that do not exist.
    if (!(await view.isSold(c, productId))) return problem(c, 404, `there is no product ${productId}`);
    return change(c, { kind: "set", productId, quantity: body.quantity });
  });
  routes.delete("/lines/:id", async (c) => {
    const id = parseProductId(c.req.param("id"));
    return id.ok ? change(c, { kind: "remove", productId: id.value }) : invalid(c, id.faults);
  });
  return routes;
}
