// Owns the names of things in Redis: prefix:version:entity:id, and :variant for one of an address. Parts are escaped, so
// two names never collide.
import { shopError } from "../error.ts";

// Raise it when the meaning of cached values changes: nobody asks for entries of other versions.
const SCHEMA_VERSION = 1;

/** Caches of the database. */
export const CACHED_ENTITIES = [
  "product",
  "product-list",
  "categories",
  "search",
  "deals",
  "rating",
  "profile",
] as const;
export type Entity = (typeof CACHED_ENTITIES)[number];

/** The only copy of its data. These keys have no version, so they survive releases and every invalidation. */
const KEPT_ENTITIES = ["session", "user-sessions", "cart", "flags"] as const;
type KeptEntity = (typeof KEPT_ENTITIES)[number];

export interface CacheAddress {
  readonly entity: Entity;
  readonly id: string;
}
export interface KeptAddress {
  readonly entity: KeptEntity;
  readonly id: string;
}

export interface CacheKeyBuilder {
  readonly prefix: string;
  readonly version: number;
  key(address: CacheAddress | KeptAddress): string;
  /** One variant of an address (a page of a list, say). In Redis it is a field of the address's hash. */
  variantKey(address: CacheAddress, variant: string): string;
  /** The part of an address's key after the version, from which the keys of other versions are made. */
  suffix(address: CacheAddress): string;
  /** The hash of current incarnations: one of everything, one of each entity. All versions share it. */
  readonly incarnations: string;
  /** Reverses `key` and `variantKey`. Undefined for text that no builder of this prefix makes. */
  parse(key: string): ParsedKey | undefined;
}
export type ParsedKey =
  | { readonly version: number; readonly address: CacheAddress; readonly variant: string | undefined }
  | { readonly version: undefined; readonly address: KeptAddress };

const PREFIX = /^[a-z][a-z0-9-]{0,31}$/;
const VERSION = /^[1-9]\d{0,14}$/;
const UNVERSIONED = "-";

function escapePart(part: string): string {
  return part.replaceAll("%", "%25").replaceAll(":", "%3A");
}
function unescapePart(part: string): string {
  return part.replaceAll("%3A", ":").replaceAll("%25", "%");
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return names.some((known) => known === name);
}
function isCached(address: CacheAddress | KeptAddress): address is CacheAddress {
  return isOneOf(CACHED_ENTITIES, address.entity);
}

function checkOptions(prefix: string, version: number): void {
  if (!PREFIX.test(prefix)) {
    const rule = "must be 1 to 32 lower-case letters, digits and hyphens, a letter first";
    throw shopError("InvalidArgument", `the prefix of keys ${rule}: ${JSON.stringify(prefix)}`);
  }
  if (!VERSION.test(String(version))) {
    throw shopError(
      "InvalidArgument",
      `the version of keys must be a whole number from 1 of at most 15 digits: ${version}`,
    );
  }
}

function parseKey(prefix: string, text: string): ParsedKey | undefined {
  const [ownPrefix, version = "", entity = "", ...escaped] = text.split(":");
  const [id, variant, ...more] = escaped.map(unescapePart);
  if (ownPrefix !== prefix || id === undefined || more.length > 0) return undefined;
  // An address has exactly one spelling, so `%41` is invalid.
  if ([id, ...(variant === undefined ? [] : [variant])].map(escapePart).join(":") !== escaped.join(":"))
    return undefined;
  if (version === UNVERSIONED) {
    const kept = isOneOf(KEPT_ENTITIES, entity) && variant === undefined;
    return kept ? { version: undefined, address: { entity, id } } : undefined;
  }
  if (!VERSION.test(version) || !isOneOf(CACHED_ENTITIES, entity)) return undefined;
  return { version: Number(version), address: { entity, id }, variant };
}

/** @throws InvalidArgument for a prefix or a version that would make keys ambiguous. */
export function createKeyBuilder(options: { readonly prefix: string; readonly version: number }): CacheKeyBuilder {
  const { prefix, version } = options;
  checkOptions(prefix, version);
  const suffix = ({ entity, id }: CacheAddress | KeptAddress): string => `${entity}:${escapePart(id)}`;
  const key = (address: CacheAddress | KeptAddress): string =>
    `${prefix}:${isCached(address) ? version : UNVERSIONED}:${suffix(address)}`;
  return {
    prefix,
    version,
    suffix,
    key,
    variantKey: (address, variant) => `${key(address)}:${escapePart(variant)}`,
    incarnations: `${prefix}:${UNVERSIONED}:incarnations:`,
    parse: (text) => parseKey(prefix, text),
  };
}

export const SHOP_KEYS = createKeyBuilder({ prefix: "shop", version: SCHEMA_VERSION });

export function cacheKey(address: CacheAddress | KeptAddress): string {
  return SHOP_KEYS.key(address);
}
