// Owns the key under which requests are expected to fetch the same: the resource, or the variant that its known index selects.
import { type CacheKey, variantKey } from "../http/key.ts";
import { variantOf } from "../http/vary.ts";
import type { Trip } from "./trip.ts";

export function flightKey({ facts, place: { key, index } }: Pick<Trip, "facts" | "place">): CacheKey {
  return index ? variantKey(key, index.generation, variantOf(index.fields, facts.field)) : key;
}
