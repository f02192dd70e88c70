// Owns the state of leases: who may fetch what, until when, and who waits for it. The clock and the timer come from outside.
import { after, type SetTimeout } from "../base/deadline.ts";

/** How a lease ended for those who waited; "expired" also where nothing is known of it. */
export type Ending = "stored" | "unshared" | "failed" | "expired";

export type Taken =
  | { readonly kind: "granted"; readonly expiresAtMs: number }
  /** Somebody else fetches, or did since the caller looked: `ended` tells when that is over. */
  | { readonly kind: "held"; readonly holder: string }
  /** No room: go on without. */
  | { readonly kind: "full" };

export interface LeaseTable {
  /** `lookedAgoMs`: how long ago the caller found nothing. */
  take(key: string, holder: string, lookedAgoMs: number): Taken;
  /** Resolves at the end of that holder's lease, at its expiry or after `withinMs`, whichever is first. */
  ended(key: string, holder: string, withinMs: number): Promise<Ending>;
  /** False where the lease is not, or no longer, that holder's: then nothing changes. */
  release(key: string, holder: string, ending: Ending): boolean;
}

export interface Timing {
  now(): number;
  readonly timeout: SetTimeout;
}

export interface LeaseLimits {
  readonly leaseMs: number;
  readonly waitMs: number;
  /** Leases remembered at once; an ended one counts until it would have expired. */
  readonly leases: number;
  readonly waiters: number;
}

interface Lease {
  readonly holder: string;
  readonly expiresAtMs: number;
  ended: { readonly ending: Ending; readonly atMs: number } | undefined;
  readonly waiters: Set<(ending: Ending) => void>;
}

export function leaseTable({ now, timeout }: Timing, limits: LeaseLimits): LeaseTable {
  // all last equally long, so the oldest expires first
  const leases = new Map<string, Lease>();
  let waiting = 0;

  function end(lease: Lease, ending: Ending): void {
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
      // the oldest stands first
      leases.delete(key);
      if (leases.size >= limits.leases) return { kind: "full" };
      const expiresAtMs = now() + limits.leaseMs;
      leases.set(key, { holder, expiresAtMs, ended: undefined, waiters: new Set() });
      return { kind: "granted", expiresAtMs };
    },
    async ended(key, holder, withinMs) {
      const lease = leases.get(key);
      if (lease?.holder !== holder || waiting >= limits.waiters) return "expired";
      if (lease.ended) return lease.ended.ending;
      const { promise, resolve } = Promise.withResolvers<Ending>();
      const free = (ending: Ending): void => {
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
