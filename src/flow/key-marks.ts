// Owns what is remembered of keys for a while: that they could not be stored lately, or that their origin asked for a rest.
import { hash64 } from "../http/hash.ts";
import type { CacheKey } from "../http/key.ts";

export interface KeyMarks {
  mark(key: CacheKey, seconds: number): void;
  has(key: CacheKey): boolean;
}

const MAX_REMEMBERED = 10_000;

export function keyMarks(now: () => number): KeyMarks {
  // by hash: keys are as long as clients like, and what a mark does to another key is harmless
  const until = new Map<string, number>();
  return {
    mark(key, seconds) {
      const id = hash64(key);
      until.delete(id);
      until.set(id, now() + seconds * 1000);
      const [oldest] = until.keys();
      if (until.size > MAX_REMEMBERED && oldest !== undefined) until.delete(oldest);
    },
    has: (key) => until.size > 0 && (until.get(hash64(key)) ?? 0) > now(),
  };
}
