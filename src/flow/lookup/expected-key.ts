// Owns the key under which requests are expected to fetch the same: the resource, or the variant that its known index selects.
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
 * The same, among requests that may wait for each other. A request that carries something of its client's own waits for its like only:
 * its answer is stored at the origin's word alone, and other requests must not wait for that.
 */
export function crowdKey(request: Keyed): CacheKey {
  const { facts } = request;
  const key = flightKey(request);
  if (isAnonymous(facts)) return key;
  return variantKey(key, facts.unkeyed.length > 0 ? "with unkeyed fields" : "with cookies", {});
}
