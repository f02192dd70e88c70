// Owns the checkout: never cached, decided by the database alone, at the prices the customer saw or not at all.
import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import { type AgreedOrder, parseOrder } from "../catalogue/order.ts";
import type { CacheAside } from "../cache/cache-aside.ts";
import type { Carts } from "../cart/carts.ts";
import { type OrderFault, type Placement, placeOrder } from "../db/orders.ts";
import type { Database } from "../db/port.ts";
import { isShopError } from "../error.ts";
import type { ShopEvent } from "../events/event.ts";
import { readBody } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { problem } from "../http/problem.ts";
import { productAddress } from "../invalidation/names.ts";
import type { Announce } from "./announce.ts";
import { signedIn, type SignedInEnv } from "./guard.ts";

interface Parts {
  readonly db: Database;
  readonly cache: Pick<CacheAside, "remove">;
  readonly carts: Pick<Carts, "change">;
  readonly announce: Announce;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly report: (what: string, error: unknown) => void;
}

/** One version of a cart makes one order, however often the button is pressed. */
function orderIdOf(username: string, cart: string): string {
  return createHash("sha256")
    .update(JSON.stringify([username, cart]))
    .digest("base64url")
    .slice(0, 22);
}

function inWords(fault: OrderFault): string {
  switch (fault.kind) {
    case "missing":
      return `product ${fault.product_id} is no longer sold`;
    case "price_changed":
      return `product ${fault.product_id} costs ${fault.price_cents} cents, not ${fault.offered_cents}`;
    case "out_of_stock":
      return `of product ${fault.product_id} only ${fault.stock} are left, not ${fault.wanted}`;
  }
}

function refused(c: Context, faults: readonly OrderFault[]): Response {
  return problem(c, 409, `nothing has been ordered: ${faults.map(inWords).join("; ")}`, {
    headers: POLICY.confidential,
    members: { faults },
  });
}

type Outcome =
  | Exclude<Placement, { readonly kind: "placed" }>
  | { readonly kind: "placed"; readonly total_cents: number; readonly recorded: Recorded };
type Recorded = Awaited<ReturnType<Announce["record"]>>;

async function place(parts: Parts, c: Context<SignedInEnv>, id: string, { lines }: AgreedOrder): Promise<Outcome> {
  const { username, trace } = c.var;
  try {
    return await parts.db.transaction(async (tx): Promise<Outcome> => {
      const placement = await placeOrder(tx, { id, username, lines, nowMs: parts.nowMs() });
      if (placement.kind !== "placed") return placement;
      const events = placement.products.map((product): ShopEvent => ({
        type: "inventory.updated",
        id: product.id,
        categories: [product.category],
      }));
      const { total_cents } = placement;
      return { kind: "placed", total_cents, recorded: await parts.announce.record(tx, events, trace) };
    });
  } catch (error) {
    if (isShopError(error, "UniqueViolation")) return { kind: "ordered-already" };
    throw error;
  }
}

/** The order stands whatever happens to the cart. Resolves to false when the cart has changed since. */
async function empty({ carts, report }: Parts, username: string, { cart }: AgreedOrder): Promise<boolean> {
  try {
    return (await carts.change({ kind: "user", username }, { kind: "clear" }, cart)).status === "done";
  } catch (error) {
    report("redis cart", error);
    return true;
  }
}

async function takeOut(parts: Parts, username: string, order: AgreedOrder): Promise<void> {
  if (await empty(parts, username, order)) return;
  const owner = { kind: "user", username } as const;
  try {
    // The cart changed in another tab: the ordered lines go, and the rest stays.
    await Promise.all(
      order.lines.map(({ product_id }) => parts.carts.change(owner, { kind: "remove", productId: product_id })),
    );
  } catch (error) {
    parts.report("redis cart", error);
  }
}

export function checkoutRoutes(parts: Parts): Hono<SignedInEnv> {
  const { cache, announce } = parts;
  const routes = new Hono<SignedInEnv>();

  routes.post("/", signedIn, async (c) => {
    const read = await readBody(c, parseOrder);
    if (read instanceof Response) return read;
    const { body: order } = read;
    if (order.lines.length === 0) return problem(c, 409, "the cart is empty", { headers: POLICY.confidential });
    const { username } = c.var;
    const id = orderIdOf(username, order.cart);
    const outcome = await place(parts, c, id, order);
    switch (outcome.kind) {
      case "ordered-already":
        // The process that placed the order may have died before emptying the cart, which could then never be ordered
        // again.
        await empty(parts, username, order);
        return problem(c, 409, "this cart has been ordered already", {
          headers: POLICY.confidential,
          members: { order: id },
        });
      case "refused":
        // Some cache showed the customer another value, so the cart must now read the database.
        await cache.remove(outcome.faults.map(({ product_id }) => productAddress(product_id)));
        return refused(c, outcome.faults);
      case "placed":
        await Promise.all([announce.committed(outcome.recorded), takeOut(parts, username, order)]);
        return c.json({ order: id, total_cents: outcome.total_cents }, 201, POLICY.confidential);
    }
  });
  return routes;
}
