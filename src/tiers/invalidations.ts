// Owns the memory of recent invalidations: a response fetched before one must not be stored after it.
import { boundedMap } from "../base/bounded-map.ts";
import { hash64 } from "../http/message/hash.ts";
import type { CacheKey } from "../http/select/key.ts";

/** A place in this isolate's order of invalidations; not a clock. */
export type Tick = number;

export interface Invalidations {
  current(): Tick;
  /** `atMs`: when the invalidating answer came; absent where only pending stores are overtaken. */
  record(key: CacheKey, atMs?: number): void;
  /** True for a response received before the key's last invalidation: a tier that still shows it is late. */
  outdates(key: CacheKey, receivedAtMs: number): boolean;
  /** True when the key was invalidated after `tick`, or when the memory does not reach back that far. */
  after(key: CacheKey, tick: Tick): boolean;
  /** Notes a pending delete of the key in the global tier. */
  deletes(key: CacheKey, done: Promise<void>): void;
  /** Resolves when that delete is done; `undefined` where none is pending. Must not reject. */
  pendingDelete(key: CacheKey): Promise<void> | undefined;
}

/** Fills live for seconds: this many invalidations are remembered, and the oldest is forgotten first. */
const REMEMBERED = 10_000;

export function invalidations(): Invalidations {
  // by hash: clients choose how long keys are, and a collision only invalidates too much
  const records = boundedMap<string, { readonly tick: Tick; readonly atMs: number }>(REMEMBERED);
  let current: Tick = 0;
  /** Requests that began before this are older than the memory. */
  let floor: Tick = 0;
  /** Pending deletes: at most as many as requests. */
  const pendingDelete = new Map<string, Promise<void>>();
  return {
    current: () => current,
    record(key, atMs = 0) {
      current += 1;
      const id = hash64(key);
      const before = records.get(id)?.atMs ?? 0;
      const forgotten = records.set(id, { tick: current, atMs: Math.max(atMs, before) });
      if (forgotten) floor = forgotten[1].tick;
    },
    outdates: (key, receivedAtMs) => records.size > 0 && receivedAtMs < (records.get(hash64(key))?.atMs ?? 0),
    deletes(key, done) {
      const id = hash64(key);
      const before = pendingDelete.get(id);
      const all = before ? Promise.all([before, done]).then(() => undefined) : done;
      pendingDelete.set(id, all);
      void all.then(() => {
        if (pendingDelete.get(id) === all) pendingDelete.delete(id);
      });
    },
    pendingDelete: (key) => (pendingDelete.size > 0 ? pendingDelete.get(hash64(key)) : undefined),
    after: (key, tick) => tick < floor || (records.get(hash64(key))?.tick ?? 0) > tick,
  };
}
