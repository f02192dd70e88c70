// Owns the state of leases: the holder of each, its expiry, and the callers that wait. The clock and the timer come from outside.
import { after, type SetTimeout } from "../base/deadline.ts";
import type { LeaseAnswer, LeaseEnding, LeaseKeeper } from "./lease-keeper.ts";

/** The synchronous core of a lease keeper. */
export interface LeaseTable extends Pick<LeaseKeeper, "ended"> {
  take(...args: Parameters<LeaseKeeper["take"]>): LeaseAnswer;
  /** False where that holder does not have the lease, or no longer: then nothing changes. */
  release(...args: Parameters<LeaseKeeper["release"]>): boolean;
}

export interface Timing {
  now(): number;
  readonly timeout: SetTimeout;
}

export interface LeaseLimits {
  readonly leaseMs: number;
  readonly waitMs: number;
  /** Leases kept at once; one that ended early counts until its expiry. */
  readonly leases: number;
  readonly waiters: number;
}

interface Lease {
  readonly holder: string;
  readonly expiresAtMs: number;
  ended: { readonly ending: LeaseEnding; readonly atMs: number } | undefined;
  readonly waiters: Set<(ending: LeaseEnding) => void>;
}

export function leaseTable({ now, timeout }: Timing, limits: LeaseLimits): LeaseTable {
  // all leases last equally long, so the map's oldest expires first
  const leases = new Map<string, Lease>();
  let waiting = 0;

  function end(lease: Lease, ending: LeaseEnding): void {
    lease.ended ??= { ending, atMs: now() };
    for (const free of lease.waiters) free(ending);
  }

  return {
    take(key, holder, lookedAgoMs) {
      for (const [expired, lease] of leases) {
        if (lease.expiresAtMs > now()) break;
        leases.delete(expired);
        end(lease, "expired");
      }
      const current = leases.get(key);
      if (current && (current.ended?.atMs ?? Infinity) >= now() - lookedAgoMs) {
        return { kind: "held", holder: current.holder };
      }
      // re-inserted, so that the oldest stays first
      leases.delete(key);
      if (leases.size >= limits.leases) return { kind: "full" };
      leases.set(key, { holder, expiresAtMs: now() + limits.leaseMs, ended: undefined, waiters: new Set() });
      return { kind: "granted" };
    },
    async ended(key, holder, withinMs) {
      const lease = leases.get(key);
      if (lease?.holder !== holder || waiting >= limits.waiters) return "expired";
      if (lease.ended) return lease.ended.ending;
      const { promise, resolve } = Promise.withResolvers<LeaseEnding>();
      const free = (ending: LeaseEnding): void => {
        cancel();
        waiting -= 1;
        lease.waiters.delete(free);
        resolve(ending);
      };
      const cancel = after(timeout(Math.min(withinMs, limits.waitMs, lease.expiresAtMs - now())), () => {
        free("expired");
      });
      waiting += 1;
      lease.waiters.add(free);
      return promise;
    },
    release(key, holder, ending) {
      const lease = leases.get(key);
      if (lease?.holder !== holder || lease.ended || lease.expiresAtMs <= now()) return false;
      end(lease, ending);
      return true;
    },
  };
}
