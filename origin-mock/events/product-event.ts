// Owns the choice of the event for a change of a product: the one that reaches furthest. Pure.
import type { Product } from "../catalogue/product.ts";
import type { ShopEvent } from "./event.ts";

const SHOWN = ["name", "brand", "description", "category"] as const satisfies readonly (keyof Product)[];

/** `after` is undefined when the product was deleted. */
export function productEvent(before: Product, after: Product | undefined): ShopEvent {
  const { id } = before;
  if (after === undefined) return { type: "product.deleted", id, categories: [before.category] };
  const categories = [...new Set([before.category, after.category])];
  if (after.price_cents !== before.price_cents) {
    return {
      type: "product.price_changed",
      id,
      categories,
      from_cents: before.price_cents,
      to_cents: after.price_cents,
    };
  }
  const onlyStock = after.stock !== before.stock && SHOWN.every((name) => after[name] === before[name]);
  return { type: onlyStock ? "inventory.updated" : "product.updated", id, categories };
}
