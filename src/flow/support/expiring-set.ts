// Owns what is remembered of keys for a while: that they could not be stored lately, are being refreshed, or that their origin asked for a rest.
import { boundedMap } from "../../base/bounded-map.ts";
import { hash64 } from "../../http/message/hash.ts";
import type { CacheKey } from "../../http/select/key.ts";

export interface ExpiringSet {
  /** What it returns forgets this mark, if no later one has taken its place. */
  add(key: CacheKey, seconds: number): () => void;
  has(key: CacheKey): boolean;
  /** Forgets whatever mark the key has. */
  delete(key: CacheKey): void;
  /** How many are remembered, those that are over included. */
  readonly size: number;
}

const MAX_REMEMBERED = 10_000;

export function expiringSet(now: () => number): ExpiringSet {
  // by hash: keys are as long as clients like, and what a mark does to another key is harmless
  const marks = boundedMap<string, { readonly untilMs: number }>(MAX_REMEMBERED);
  return {
    add(key, seconds) {
      const id = hash64(key);
      const own = { untilMs: now() + seconds * 1000 };
      marks.set(id, own);
      return () => {
        if (marks.get(id) === own) marks.delete(id);
      };
    },
    delete(key) {
      if (marks.size > 0) marks.delete(hash64(key));
    },
    has: (key) => marks.size > 0 && (marks.get(hash64(key))?.untilMs ?? 0) > now(),
    get size() {
      return marks.size;
    },
  };
}
