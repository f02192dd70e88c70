// Owns the memory of what could not be stored lately: fetching the whole of it for a range would be for nothing.
import { hash64 } from "../http/hash.ts";
import type { CacheKey } from "../http/key.ts";

export interface Unstorable {
  mark(key: CacheKey): void;
  has(key: CacheKey): boolean;
}

const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 10_000;

export function unstorable(now: () => number): Unstorable {
  // by hash: keys are as long as clients like, and a collision only forwards a range as it came
  const until = new Map<string, number>();
  return {
    mark(key) {
      const id = hash64(key);
      until.delete(id);
      until.set(id, now() + REMEMBERED_MS);
      const [oldest] = until.keys();
      if (until.size > MAX_REMEMBERED && oldest !== undefined) until.delete(oldest);
    },
    has: (key) => (until.get(hash64(key)) ?? 0) > now(),
  };
}
