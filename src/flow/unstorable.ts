// Owns the memory of what could not be stored lately: fetching the whole of it for a range would be for nothing.
import type { CacheKey } from "../http/key.ts";

export interface Unstorable {
  mark(key: CacheKey): void;
  has(key: CacheKey): boolean;
}

const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 10_000;

export function unstorable(now: () => number): Unstorable {
  const until = new Map<CacheKey, number>();
  return {
    mark(key) {
      until.delete(key);
      until.set(key, now() + REMEMBERED_MS);
      const [oldest] = until.keys();
      if (until.size > MAX_REMEMBERED && oldest !== undefined) until.delete(oldest);
    },
    has: (key) => (until.get(key) ?? 0) > now(),
  };
}
