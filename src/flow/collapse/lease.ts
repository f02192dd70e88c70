// Owns leases as a leader sees them: it takes one before it fetches, or waits for another isolate's, and never fails for want of one.
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
  /** Fetch, and let the lease end with the fetch. */
  | { readonly kind: "granted"; endWith(fetching: Promise<Ended>): void }
  /** Fetch all the same: there is no lease to be had. */
  | { readonly kind: "alone" }
  /** Another isolate fetches, or did since the lookup: wait for its end, and look up again. */
  | { readonly kind: "held"; ended(): Promise<LeaseEnding> };

/** How long the keeper may take to answer. */
const ANSWER_MS = 500;
/** A lease that is granted as late as this is released at once. Background work lives for 30 s, and a lease no longer. */
const LATE_MS = 25_000;

const ALONE: LeaseGrant = { kind: "alone" };

/** `waitMs`: how long the request waits for another isolate's fetch, where something stale may stand in. */
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
      // a lease that is granted late would keep other isolates waiting
      exchange.background(released(lease, "failed", () => within(edge.clock.timeout(LATE_MS), taking)));
    } else if (taken.kind === "granted") {
      // of several releases the first counts
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

/** The resource as this request varies it: the same in every isolate, whichever index of it that isolate has. */
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

/** Never rejects: a lease that is not released expires. `after`: other isolates find the answer only once it is filed. */
async function released(lease: Lease, ending: LeaseEnding, after?: () => Promise<unknown>): Promise<void> {
  const { edge, keeper, key, holder } = lease;
  try {
    await after?.();
    await within(edge.clock.timeout(ANSWER_MS), keeper.release(key, holder, ending));
  } catch (cause) {
    noted(edge, "were not released", cause);
  }
}

/** One isolate fetches anew after a fetch that stalled, or that nobody wanted any more. */
function leaseEnding({ kind }: FlightEnding): LeaseEnding {
  return kind === "stalled" || kind === "again" ? "failed" : kind;
}
