// Owns the names of things in Redis: prefix:version:entity:id, and :variant for one of an address. Parts are escaped, so
// two names never collide.
import { shopError } from "../error.ts";

// Raised when the meaning of what is cached changes: entries of other versions are then simply never asked for.
const SCHEMA_VERSION = 1;

/** What can be read again from the database. */
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

/** What is nowhere else: no version, so it survives a change of the schema and every invalidation. */
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
  /** What the key of an address says behind the version; other versions' keys are made of it, too. */
  suffix(address: CacheAddress): string;
  /** The hash that says which incarnation of each entity, and of everything, is the current one. All versions share it. */
  readonly incarnations: string;
  /** What `key` or `variantKey` was given; undefined for what no builder of this prefix makes. */
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
  // One address has one spelling: `%41` is nobody's.
  if ([id, ...(variant === undefined ? [] : [variant])].map(escapePart).join(":") !== escaped.join(":"))
    return undefined;
  if (version === UNVERSIONED) {
    const kept = isOneOf(KEPT_ENTITIES, entity) && variant === undefined;
    return kept ? { version: undefined, address: { entity, id } } : undefined;
  }
  if (!VERSION.test(version) || !isOneOf(CACHED_ENTITIES, entity)) return undefined;
  return { version: Number(version), address: { entity, id }, variant };
}

/** @throws InvalidArgument for a prefix or version that could be mistaken for something else. */
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
