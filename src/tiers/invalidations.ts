// Owns the memory of recent invalidations: what was asked of the origin before one must not be stored after it.
import { hash64 } from "../http/hash.ts";
import type { CacheKey } from "../http/key.ts";

/** A moment in this isolate's order of invalidations; not a clock. */
export type Epoch = number;

export interface Invalidations {
  current(): Epoch;
  record(key: CacheKey): void;
  /** True when the key was invalidated after `epoch`, or when that is not remembered any more. */
  after(key: CacheKey, epoch: Epoch): boolean;
}

/** Fills live for seconds: so many invalidations of distinct keys are remembered, the oldest forgotten first. */
const REMEMBERED = 10_000;

export function invalidations(): Invalidations {
  // by hash: keys are as long as clients like, and a collision only invalidates too much
  const epochs = new Map<string, Epoch>();
  let current: Epoch = 0;
  /** What began before this is older than our memory. */
  let floor: Epoch = 0;
  return {
    current: () => current,
    record(key) {
      current += 1;
      const id = hash64(key);
      epochs.delete(id);
      epochs.set(id, current);
      if (epochs.size <= REMEMBERED) return;
      const [oldest] = epochs;
      if (!oldest) return;
      epochs.delete(oldest[0]);
      floor = oldest[1];
    },
    after: (key, epoch) => epoch < floor || (epochs.get(hash64(key)) ?? 0) > epoch,
  };
}
