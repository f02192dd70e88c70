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
  /** Notes that the global tier is being made to forget the key. */
  leaves(key: CacheKey, done: Promise<void>): void;
  /** Resolves when it has; `undefined` where it need not. Must not reject. */
  leaving(key: CacheKey): Promise<void> | undefined;
}

/** Fills live for seconds: so many invalidations of distinct keys are remembered, the oldest forgotten first. */
const REMEMBERED = 10_000;

export function invalidations(): Invalidations {
  // by hash: keys are as long as clients like, and a collision only invalidates too much
  const epochs = new Map<string, Epoch>();
  let current: Epoch = 0;
  /** What began before this is older than our memory. */
  let floor: Epoch = 0;
  /** What is on its way, so no more than there are requests. */
  const leaving = new Map<string, Promise<void>>();
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
    leaves(key, done) {
      const id = hash64(key);
      const before = leaving.get(id);
      const all = before ? Promise.all([before, done]).then(() => undefined) : done;
      leaving.set(id, all);
      void all.then(() => {
        if (leaving.get(id) === all) leaving.delete(id);
      });
    },
    leaving: (key) => (leaving.size > 0 ? leaving.get(hash64(key)) : undefined),
    after: (key, epoch) => epoch < floor || (epochs.get(hash64(key)) ?? 0) > epoch,
  };
}
