// Owns leases as a leader sees them: it takes one before it fetches, or waits for another isolate's, and never fails for want of one.
import { DependencyError } from "../../error.ts";
import { hash64 } from "../../http/message/hash.ts";
import { type CacheKey, variantKey } from "../../http/select/key.ts";
import { variantOf } from "../../http/select/vary.ts";
import type { LeaseEnding, LeaseKeeper } from "../../leases/lease-keeper.ts";
import type { Edge, Exchange } from "../edge.ts";
import type { Land } from "./flights.ts";
import { LATE, within } from "../../base/deadline.ts";
import type { CacheRequest } from "../cache-request.ts";

/** What a leader may do. */
export type LeaseGrant =
  /** Fetch, and land with this: it lands the flight as well, and ends the lease. */
  | { readonly kind: "sole"; readonly land: Land }
  /** Fetch all the same: there is no lease to be had. */
  | { readonly kind: "alone" }
  /** Another isolate fetches, or did since we looked: wait for its end, and look again. */
  | { readonly kind: "held"; ended(): Promise<LeaseEnding> };

/** How long the keeper may take to answer. */
const ANSWER_MS = 500;
/** How late a lease may be granted that is given back at once; background work lives for 30 s, and a lease no longer. */
const LATE_MS = 25_000;

const ALONE: LeaseGrant = { kind: "alone" };

/** `lookedAtMs`: when nothing was found that could answer. */
export async function acquireLease(
  trip: CacheRequest,
  lookedAtMs: number,
  waitMs: number | undefined,
  land: Land,
): Promise<LeaseGrant> {
  const { edge, exchange } = trip;
  const key = hash64(leaseKey(trip));
  try {
    const keeper = edge.leases?.(key);
    if (!keeper) return ALONE;
    const lease: Lease = { edge, keeper, key, holder: crypto.randomUUID() };
    const asked = keeper.take(key, lease.holder, edge.now() - lookedAtMs);
    const taken = await within(edge.timeout(ANSWER_MS), asked);
    if (taken === LATE) {
      noted(edge, "took too long");
      // what is granted late would keep others waiting
      exchange.background(released(lease, "failed", () => within(edge.timeout(LATE_MS), asked)));
    } else if (taken.kind === "granted") {
      return { kind: "sole", land: landsAndReleases(lease, exchange, land) };
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
    const ending = await within(edge.timeout(ms), keeper.ended(key, holder, ms));
    return ending === LATE ? "expired" : ending;
  } catch (cause) {
    noted(edge, "did not answer", cause);
    return "expired";
  }
}

/** Never rejects: a lease that is not released expires. */
async function released(lease: Lease, ending: LeaseEnding, after?: () => Promise<unknown>): Promise<void> {
  const { edge, keeper, key, holder } = lease;
  try {
    await after?.();
    await within(edge.timeout(ANSWER_MS), keeper.release(key, holder, ending));
  } catch (cause) {
    noted(edge, "were not released", cause);
  }
}

/** Those of this isolate find it in memory; the others only once it is filed. Of several releases the first counts. */
function landsAndReleases(lease: Lease, { background }: Exchange, land: Land): Land {
  const landed: (...args: Parameters<Land>) => void = (how, filed) => {
    land(how);
    // in other isolates, too, one fetches anew
    const isOver = how.kind !== "stalled" && how.kind !== "again";
    background(released(lease, isOver ? how.kind : "failed", filed));
  };
  // nobody here knows how many wait in other isolates
  return Object.assign(landed, { isAwaited: () => true });
}
