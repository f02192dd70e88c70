// Owns the key of a flight: requests under one key are expected to get the same answer. It is the resource's, or the variant's if an index is known.
import { isAnonymous } from "../../http/law/anonymous.ts";
import { type CacheKey, variantKey } from "../../http/select/key.ts";
import { variantOf } from "../../http/select/vary.ts";
import type { CacheRequest } from "../cache-request.ts";

type Keyed = Pick<CacheRequest, "facts" | "slot">;

export function flightKey({ facts, slot: { key, index } }: Keyed): CacheKey {
  const { field, fragments } = facts;
  if (index) return variantKey(key, index.generation, variantOf(index.fields, field));
  return fragments.length === 0 ? key : variantKey(key, "", variantOf(fragments, field));
}

/**
 * The flight key, with a suffix for requests that carry cookies or unkeyed fields. Their answers are stored only where the origin says so, and
 * anonymous requests must not wait for that.
 */
export function crowdKey(request: Keyed): CacheKey {
  const { facts } = request;
  const key = flightKey(request);
  if (isAnonymous(facts)) return key;
  return variantKey(key, facts.unkeyed.length > 0 ? "with unkeyed fields" : "with cookies", {});
}
