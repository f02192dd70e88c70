// Owns the tiers of invalidation, with a breaker before the edge and one refresh of totals at a time.
import { nextFlight } from "./cache/single-flight.ts";
import { createHandleEvents, createInvalidateFor, type HandleEvents, type InvalidateFor } from "./events/handle.ts";
import { withBreaker } from "./invalidation/breaker.ts";
import { createMultiTierInvalidation, type MultiTierInvalidation } from "./invalidation/multi-tier.ts";
import type { ApplicationTier, GatewayTier, PurgeCdn } from "./invalidation/port.ts";

interface Parts {
  readonly application: ApplicationTier;
  readonly gateway: GatewayTier | undefined;
  readonly cdn: PurgeCdn | undefined;
  readonly refreshCategoryTotals: () => Promise<void>;
  readonly monotonicMs: () => number;
  readonly random: () => number;
}

export interface Tiers {
  readonly invalidation: MultiTierInvalidation;
  readonly handle: HandleEvents;
  readonly invalidateFor: InvalidateFor;
}

export function createTiers(parts: Parts): Tiers {
  const cdn = parts.cdn === undefined ? undefined : withBreaker(parts.cdn, parts);
  const invalidation = createMultiTierInvalidation({ ...parts, cdn });
  const refreshes = nextFlight<void>();
  // One refresh at a time, and one more for all callers during it, so that none shares a refresh that began before its
  // change.
  const refreshCategoryTotals = (): Promise<void> => refreshes("category totals", parts.refreshCategoryTotals);
  return {
    invalidation,
    handle: createHandleEvents({ invalidation, refreshCategoryTotals }),
    invalidateFor: createInvalidateFor({ invalidation, refreshCategoryTotals }),
  };
}
