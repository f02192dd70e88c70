// Owns the leader's use of leases: it acquires one before it fetches, or waits for the isolate that has it. Without leases it fetches all the same.
import { DependencyError } from "../../error.ts";
import { LATE, within } from "../../base/deadline.ts";
import { hash64 } from "../../http/message/hash.ts";
import { type CacheKey, variantKey } from "../../http/select/key.ts";
import { variantOf } from "../../http/select/vary.ts";
import type { LeaseEnding, LeaseKeeper } from "../../leases/lease-keeper.ts";
import type { CacheRequest } from "../cache-request.ts";
import type { Edge } from "../edge.ts";
import { type Ended, tellEndings } from "./ending.ts";
import type { FlightEnding } from "./flights.ts";

/** The reply to a leader that asked for a lease. */
export type LeaseGrant =
  /** The leader fetches, and the lease ends with the fetch. */
  | { readonly kind: "granted"; endWith(fetching: Promise<Ended>): void }
  /** No lease can be had in time: the leader fetches without one. */
  | { readonly kind: "alone" }
  /** Another isolate fetches, or has fetched since the lookup: the leader waits for that to end, and looks up again. */
  | { readonly kind: "held"; ended(): Promise<LeaseEnding> };

/** How long the leader waits for the keeper's reply, and a release for its confirmation. */
const ANSWER_MS = 500;
/** How long the edge still watches for a late grant, to release it at once. Background work lives for 30 s, and a lease no longer. */
const LATE_MS = 25_000;

const ALONE: LeaseGrant = { kind: "alone" };

/** `waitMs`: the request's patience where a stale response may stand in; else it waits for as long as a lease lasts. */
export async function acquireLease(request: CacheRequest, waitMs: number | undefined): Promise<LeaseGrant> {
  const { edge, exchange, nowMs } = request;
  const key = hash64(leaseKey(request));
  try {
    const keeper = edge.collapsing.leases?.(key);
    if (!keeper) return ALONE;
    const lease: Lease = { edge, keeper, key, holder: crypto.randomUUID() };
    const taking = keeper.take(key, lease.holder, edge.clock.now() - nowMs);
    const taken = await within(edge.clock.timeout(ANSWER_MS), taking);
    if (taken === LATE) {
      noted(edge, "took too long");
      // nobody uses a late grant: release it, or other isolates wait for it
      exchange.background(released(lease, "failed", () => within(edge.clock.timeout(LATE_MS), taking)));
    } else if (taken.kind === "granted") {
      // the keeper ignores all but the first release
      const release = (ending: FlightEnding, filed?: () => Promise<void>): void =>
        exchange.background(released(lease, leaseEnding(ending), filed));
      return { kind: "granted", endWith: (fetching) => exchange.background(tellEndings(fetching, release)) };
    } else if (taken.kind === "held") {
      const { holder } = taken;
      return { kind: "held", ended: () => endOf({ ...lease, holder }, waitMs ?? edge.bounds.leaseMs) };
    }
  } catch (cause) {
    noted(edge, "did not answer", cause);
  }
  return ALONE;
}

/** The key of the request's variant, without the index's generation, so that every isolate has the same. */
export function leaseKey({ facts, slot: { key, index } }: CacheRequest): CacheKey {
  return index ? variantKey(key, "", variantOf(index.fields, facts.field)) : key;
}

interface Lease {
  readonly edge: Edge;
  readonly keeper: LeaseKeeper;
  readonly key: string;
  readonly holder: string;
}

function noted(edge: Edge, what: string, cause?: unknown): void {
  edge.report(new DependencyError("leases", what, { cause }));
}

async function endOf({ edge, keeper, key, holder }: Lease, ms: number): Promise<LeaseEnding> {
  try {
    const ending = await within(edge.clock.timeout(ms), keeper.ended(key, holder, ms));
    return ending === LATE ? "expired" : ending;
  } catch (cause) {
    noted(edge, "did not answer", cause);
    return "expired";
  }
}

/** Never rejects: a lease that is not released expires. `after`: filing, since other isolates find the answer only in their tiers. */
async function released(lease: Lease, ending: LeaseEnding, after?: () => Promise<unknown>): Promise<void> {
  const { edge, keeper, key, holder } = lease;
  try {
    await after?.();
    await within(edge.clock.timeout(ANSWER_MS), keeper.release(key, holder, ending));
  } catch (cause) {
    noted(edge, "were not released", cause);
  }
}

/** A fetch that stalled or was unwanted counts as failed: one of the waiting isolates fetches anew. */
function leaseEnding({ kind }: FlightEnding): LeaseEnding {
  return kind === "stalled" || kind === "again" ? "failed" : kind;
}
