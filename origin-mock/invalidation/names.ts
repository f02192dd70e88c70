// Owns the names used by invalidation: addresses in the application cache, tags at gateway and edge.
import type { CacheAddress } from "../cache/key.ts";

// No category has this slug, because slugs contain no asterisk.
const WHOLE_SHOP = "*";

export function productAddress(id: number): CacheAddress {
  return { entity: "product", id: String(id) };
}
export function listAddress(category: string | undefined): CacheAddress {
  return {
    entity: "product-list",
    id: category ?? WHOLE_SHOP,
  };
}
export const CATEGORIES_ADDRESS: CacheAddress = { entity: "categories", id: "" };
export const DEALS_ADDRESS: CacheAddress = { entity: "deals", id: "" };
export function profileAddress(username: string): CacheAddress {
  return { entity: "profile", id: username };
}

export function productTag(id: number): string {
  return `product:${id}`;
}
export function categoryTag(slug: string): string {
  return `category:${slug}`;
}
/** For the gateway alone, because no edge stores one person's answers. */
export function userTag(username: string): string {
  return `user:${username}`;
}
/** On everything that shows products. */
export const PRODUCTS_TAG = "products";
/** On the pages of the whole shop, all of which shift when a product leaves. */
export const WHOLE_LIST_TAG = "product-list";
export const CATEGORIES_TAG = "categories";
export const DEALS_TAG = "deals";
/** On search results, because a changed product may match other words. */
export const SEARCH_TAG = "search";
/** On every answer. */
export const SHOP_TAG = "shop";
