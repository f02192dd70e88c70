// Owns cache keys: length-prefixed parts, so that no value can pass for two (RFC 9111 4.1, 2).
import type { Variant } from "./vary.ts";

declare const brand: unique symbol;
/** Identifies one resource, or one variant of it, in every tier. Never sent anywhere. */
export type CacheKey = string & { readonly [brand]: "CacheKey" };

export interface KeyParts {
  /** Lower case, with the port where it is not the scheme's own. */
  readonly host: string;
  readonly scheme: string;
  readonly path: string;
  /** With its "?", or "". */
  readonly query: string;
  /** The origin that answers for this host: entries of another one are not found. */
  readonly origin: string;
  /** Changes with the rule that shapes the stored responses of this path. */
  readonly policyVersion: string;
}

export function resourceKey(parts: KeyParts): CacheKey {
  return glue([parts.host, parts.scheme, parts.path, parts.query, parts.origin, parts.policyVersion]) as CacheKey;
}

/** A resource's key has a fixed number of parts, so what follows it cannot be taken for another resource. */
export function variantKey(resource: CacheKey, generation: string, variant: Variant): CacheKey {
  const names = Object.keys(variant).sort();
  return (resource + glue([generation, ...names.flatMap((name) => [name, presence(variant[name])])])) as CacheKey;
}

/** Whether a variant of the resource was selected by this normalised value of the field. */
export function isSelectedBy(resource: CacheKey, variant: CacheKey, field: string, value: string): boolean {
  return variant.includes(glue([field, presence(value)]), resource.length);
}

/** An empty field is not an absent one. */
function presence(value: string | null | undefined): string {
  return value === null || value === undefined ? "-" : `=${value}`;
}

/** The public host a key belongs to: its first part. */
export function hostOf(key: CacheKey): string {
  const colon = key.indexOf(":");
  return key.slice(colon + 1, colon + 1 + Number(key.slice(0, colon)));
}

function glue(parts: readonly string[]): string {
  return parts.map((part) => `${String(part.length)}:${part}`).join("");
}
