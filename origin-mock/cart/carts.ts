// Owns carts in Redis: a guest's by its cookie, a person's by name. Every change is one script, so two tabs never lose a
// line. Rejects with RedisUnavailable.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { cacheKey } from "../cache/key.ts";
import type { RedisPort } from "../cache/port.ts";
import { LARGEST_INTEGER } from "../schema.ts";
import { CHANGE, MERGE, READ } from "./scripts.ts";

export const CART_COOKIE = "cart";
export const CART_IDLE_MS = 7 * 24 * 60 * 60_000;
export const MOST_LINES = 50;
export const MOST_QUANTITY = 99;

export type CartOwner =
  | { readonly kind: "guest"; readonly id: string }
  | { readonly kind: "user"; readonly username: string };
export interface CartLine {
  readonly product_id: number;
  readonly quantity: number;
}
export interface Cart {
  /** "0" for a cart that was never changed. Every change makes a new version, which never comes back. */
  readonly version: string;
  /** By product id. */
  readonly lines: readonly CartLine[];
}
export type CartChange =
  | { readonly kind: "add"; readonly productId: number; readonly quantity: number }
  /** 0 removes the line. */
  | { readonly kind: "set"; readonly productId: number; readonly quantity: number }
  | { readonly kind: "remove"; readonly productId: number }
  | { readonly kind: "clear" };
export type CartOutcome =
  | { readonly status: "done"; readonly cart: Cart }
  /** The cart is not in the version that was expected. */
  | { readonly status: "conflict"; readonly cart: Cart }
  | { readonly status: "refused"; readonly reason: CartRefusal; readonly cart: Cart };
export type CartRefusal = "too-many-lines" | "quantity" | "product-id";

export interface Carts {
  /** For a new guest's cookie. */
  newGuestId(): string;
  read(owner: CartOwner): Promise<Cart>;
  /** With `expectedVersion`, changes the cart only in that version. */
  change(owner: CartOwner, change: CartChange, expectedVersion?: string): Promise<CartOutcome>;
  /** Moves the guest's lines into the person's cart, within the bounds. A second call moves nothing. */
  merge(guestId: string, username: string): Promise<Cart>;
}

// Redis stores a digest, so that a reader of its keys cannot take over carts.
function keyOf(owner: CartOwner): string {
  switch (owner.kind) {
    case "guest":
      return cacheKey({ entity: "cart", id: `guest-${createHash("sha256").update(owner.id).digest("base64url")}` });
    case "user":
      return cacheKey({ entity: "cart", id: `user-${owner.username}` });
  }
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function refusalOf(change: CartChange): CartRefusal | undefined {
  switch (change.kind) {
    case "add":
    case "set":
      if (!isWhole(change.productId, 1, LARGEST_INTEGER)) return "product-id";
      return isWhole(change.quantity, change.kind === "add" ? 1 : 0, MOST_QUANTITY) ? undefined : "quantity";
    case "remove":
      return isWhole(change.productId, 1, LARGEST_INTEGER) ? undefined : "product-id";
    case "clear":
      return undefined;
  }
}

/** A reply is the status, the version, then product ids and quantities in turn. */
function parseReply(reply: unknown): { readonly status: string; readonly cart: Cart } {
  const [status, version, ...rest]: readonly unknown[] = Array.isArray(reply) ? reply : [];
  if (typeof status !== "string" || typeof version !== "string") {
    throw new TypeError("the script of the cart answered in another shape");
  }
  const lines = rest.flatMap((text, index) =>
    index % 2 === 0 ? [{ product_id: Number(text), quantity: Number(rest[index + 1]) }] : [],
  );
  return { status, cart: { version, lines: lines.sort((one, other) => one.product_id - other.product_id) } };
}

export function createCarts(redis: Pick<RedisPort, "eval">): Carts {
  const limits = [CART_IDLE_MS, MOST_LINES, MOST_QUANTITY].map(String);
  const read = async (owner: CartOwner): Promise<Cart> =>
    parseReply(await redis.eval(READ, [keyOf(owner)], limits)).cart;

  return {
    newGuestId: () => randomBytes(32).toString("base64url"),
    read,
    async change(owner, change, expectedVersion) {
      const refusal = refusalOf(change);
      if (refusal !== undefined) return { status: "refused", reason: refusal, cart: await read(owner) };
      const productId = change.kind === "clear" ? "" : String(change.productId);
      const quantity = change.kind === "add" || change.kind === "set" ? String(change.quantity) : "0";
      const args = [...limits, randomUUID(), change.kind, productId, quantity, expectedVersion ?? "*"];
      const { status, cart } = parseReply(await redis.eval(CHANGE, [keyOf(owner)], args));
      switch (status) {
        case "done":
        case "conflict":
          return { status, cart };
        case "too-many-lines":
        case "quantity":
          return { status: "refused", reason: status, cart };
        default:
          throw new TypeError(`the script of the cart answered ${status}`);
      }
    },
    async merge(guestId, username) {
      const keys = [keyOf({ kind: "guest", id: guestId }), keyOf({ kind: "user", username })];
      return parseReply(await redis.eval(MERGE, keys, [...limits, randomUUID()])).cart;
    },
  };
}
