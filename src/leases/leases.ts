// Owns the Durable Object of leases: of all isolates that miss one key, one fetches and the others wait.
import { DurableObject } from "cloudflare:workers";
import { timeout } from "../base/deadline.ts";
import type { LeaseAnswer, LeaseEnding } from "./lease-keeper.ts";
import { type LeaseTable, leaseTable } from "./lease-table.ts";

/**
 * A lease lasts as long as the platform keeps a leader alive. One object answers about 1,000 requests a second, half of them `take`, so
 * at most 15,000 leases live in it at a time.
 */
const LIMITS = { leaseMs: 30_000, waitMs: 10_000, leases: 20_000, waiters: 10_000 };

/**
 * `take` and `ended` are two calls, so that a caller knows whether it waits for a leader or for this object. Leases are in memory only:
 * an object that is evicted forgets them, which lets the next leader fetch and blocks nobody.
 */
export class Leases extends DurableObject<unknown> {
  readonly #table: LeaseTable = leaseTable({ now: () => Date.now(), timeout }, LIMITS);

  take(key: string, holder: string, lookedAgoMs: number): LeaseAnswer {
    return this.#table.take(key, holder, lookedAgoMs);
  }

  ended(key: string, holder: string, withinMs: number): Promise<LeaseEnding> {
    return this.#table.ended(key, holder, withinMs);
  }

  release(key: string, holder: string, ending: LeaseEnding): boolean {
    return this.#table.release(key, holder, ending);
  }
}

/** The object for a key, one of 16, by the first digit of the key's hash. Together they take about 16,000 requests a second. */
export function leaseShard(hash: string): string {
  return `leases-${hash.charAt(0)}`;
}
