// Owns the seven things that can happen in the shop: their shapes, and the entity each is about.
import { isRecord } from "../catalogue/product.ts";

export type ShopEvent =
  /** `categories`: before and after, once each. */
  | { readonly type: "product.updated"; readonly id: number; readonly categories: readonly string[] }
  | { readonly type: "product.deleted"; readonly id: number; readonly categories: readonly string[] }
  | {
      readonly type: "product.price_changed";
      readonly id: number;
      readonly categories: readonly string[];
      readonly from_cents: number;
      readonly to_cents: number;
    }
  | { readonly type: "category.updated"; readonly slug: string }
  | { readonly type: "inventory.updated"; readonly id: number; readonly categories: readonly string[] }
  | { readonly type: "user.updated"; readonly username: string }
  | { readonly type: "global.invalidate"; readonly reason: string };

/** Events of one entity are handled in the order they happened in. */
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

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0;
}
function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
function isCents(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isName);
}

/** Undefined for what is none of the seven, or lacks a part. */
export function parseEvent(value: unknown): ShopEvent | undefined {
  if (!isRecord(value)) return undefined;
  const { type, id, categories, from_cents, to_cents, slug, username, reason } = value;
  switch (type) {
    case "product.updated":
    case "product.deleted":
    case "inventory.updated":
      return isId(id) && isNames(categories) ? { type, id, categories } : undefined;
    case "product.price_changed":
      return isId(id) && isNames(categories) && isCents(from_cents) && isCents(to_cents)
        ? { type, id, categories, from_cents, to_cents }
        : undefined;
    case "category.updated":
      return isName(slug) ? { type, slug } : undefined;
    case "user.updated":
      return isName(username) ? { type, username } : undefined;
    case "global.invalidate":
      return isName(reason) ? { type, reason } : undefined;
    default:
      return undefined;
  }
}
