// Owns the seven events of the shop: their shapes, and the entity each is about.
import * as v from "valibot";
import { parserOf } from "../schema.ts";

const id = v.pipe(v.number(), v.integer(), v.minValue(1));
const name = v.pipe(v.string(), v.minLength(1));
const cents = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Before and after the change, once each. */
const categories = v.array(name);

const shopEvent = v.variant("type", [
  v.object({ type: v.literal("product.updated"), id, categories }),
  v.object({ type: v.literal("product.deleted"), id, categories }),
  v.object({ type: v.literal("product.price_changed"), id, categories, from_cents: cents, to_cents: cents }),
  v.object({ type: v.literal("category.updated"), slug: name }),
  v.object({ type: v.literal("inventory.updated"), id, categories }),
  v.object({ type: v.literal("user.updated"), username: name }),
  v.object({ type: v.literal("global.invalidate"), reason: name }),
]);

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Item[]
  : T extends object
    ? { readonly [Member in keyof T]: Frozen<T[Member]> }
    : T;
export type ShopEvent = Frozen<v.InferOutput<typeof shopEvent>>;

/** Undefined unless it is one of the seven with all its members. */
export const parseEvent: (value: unknown) => ShopEvent | undefined = parserOf(shopEvent);

/** Events of one entity are handled in the order in which they happened. */
export function entityOf(event: ShopEvent): string {
  switch (event.type) {
    case "product.updated":
    case "product.deleted":
    case "product.price_changed":
    case "inventory.updated":
      return `product:${event.id}`;
    case "category.updated":
      return `category:${event.slug}`;
    case "user.updated":
      return `user:${event.username}`;
    case "global.invalidate":
      return "global";
  }
}
