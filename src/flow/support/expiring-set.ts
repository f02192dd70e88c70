// Owns marks on keys that end with time: lately unstorable, being refreshed, or left alone because the origin asked for it.
import { boundedMap } from "../../base/bounded-map.ts";
import { hash64 } from "../../http/message/hash.ts";
import type { CacheKey } from "../../http/select/key.ts";

export interface ExpiringSet {
  /** The function it returns removes this mark, unless a later one has replaced it. */
  add(key: CacheKey, seconds: number): () => void;
  has(key: CacheKey): boolean;
  /** Removes the key's mark, whoever made it. */
  delete(key: CacheKey): void;
  /** Number of marks, expired ones included. */
  readonly size: number;
}

const MAX_REMEMBERED = 10_000;

export function expiringSet(now: () => number): ExpiringSet {
  // by hash: clients choose how long keys are, and a mark on a key that collides is harmless
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
