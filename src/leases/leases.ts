// Owns the Durable Object of leases: of the isolates that miss one key, one fetches and the others wait.
import { DurableObject } from "cloudflare:workers";
import { timeout } from "../base/deadline.ts";
import type { LeaseAnswer, LeaseEnding } from "./lease-keeper.ts";
import { type LeaseTable, leaseTable } from "./lease-table.ts";

/**
 * A lease lasts as long as the platform keeps a leader alive. One object answers about 1,000 requests a second, half of them `take`, so
 * it cannot remember more than 15,000 leases at a time.
 */
const LIMITS = { leaseMs: 30_000, waitMs: 10_000, leases: 20_000, waiters: 10_000 };

/**
 * `take` and `ended` are two calls: a caller that waits must know that it waits for a leader, not for this object. In memory only: an
 * object that is evicted forgets its leases, which lets the next one fetch and blocks nobody.
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

/** Which of 16 objects has a key, by the first digit of its hash: together they take about 16,000 requests a second. */
export function leaseShard(hash: string): string {
  return `leases-${hash.charAt(0)}`;
}
