// Owns the order in which this isolate's requests last hit variants. It is apart from the memory tier's entries, so that it outlives a refill or an eviction, and covers
// bodies that live in the colo.
import { boundedMap } from "../base/bounded-map.ts";
import { hash64 } from "../http/message/hash.ts";
import type { CacheKey } from "../http/select/key.ts";

/** A place in the order, higher for later; not a clock. */
export type HitTime = number;

export interface VariantHits {
  /** The next place in the order. */
  next(): HitTime;
  note(variant: CacheKey, time: HitTime): void;
  /** `undefined` where this isolate knows no hit. */
  last(variant: CacheKey): HitTime | undefined;
  forget(variant: CacheKey): void;
}

/** About 100 bytes each. The variant noted longest ago is forgotten first. */
const REMEMBERED = 2000;

export function variantHits(): VariantHits {
  // by hash: clients choose how long keys are, and a collision only changes which variant goes first
  const hits = boundedMap<string, HitTime>(REMEMBERED);
  let latest: HitTime = 0;
  return {
    next() {
      latest += 1;
      return latest;
    },
    note(variant, time) {
      hits.set(hash64(variant), time);
    },
    last: (variant) => (hits.size > 0 ? hits.get(hash64(variant)) : undefined),
    forget(variant) {
      if (hits.size > 0) hits.delete(hash64(variant));
    },
  };
}
