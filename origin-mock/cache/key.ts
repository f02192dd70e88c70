// Owns the names of things in Redis: prefix:version:entity:id. Parts are escaped, so two names never collide.

// Raised when the meaning of what is stored changes: entries of other versions are then simply never asked for.
const VERSION = "1";
const PREFIX = "shop";

export type Entity =
  | "product"
  | "product-list"
  | "categories"
  | "search"
  | "deals"
  | "rating"
  | "profile"
  | "flags"
  | "session"
  | "cart";

export type CacheAddress = {
  readonly entity: Entity;
  readonly id: string;
};

const escapePart = (part: string): string => part.replaceAll("%", "%25").replaceAll(":", "%3A");

export const cacheKey = (address: CacheAddress): string =>
  [PREFIX, VERSION, address.entity, address.id].map(escapePart).join(":");

/** The field of an address's hash that holds one variant (a page of a list, say). */
export const variantField = (variant: string): string => `variant:${escapePart(variant)}`;
