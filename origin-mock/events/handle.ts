// Owns the handling of events: category totals first, then every tier in order, with one call to each tier for all events.
import { messageOf } from "../error.ts";
import { changesCategoryTotals, reachOf, withoutTotals } from "../invalidation/reach.ts";
import type { InvalidationResult, MultiTierInvalidation } from "../invalidation/multi-tier.ts";
import type { Targets } from "../invalidation/targets.ts";
import { entityOf, type ShopEvent } from "./event.ts";
import type { TraceIds } from "./port.ts";

export type HappenedEvent = TraceIds & { readonly eventId: string; readonly event: ShopEvent };
export type Outcome =
  | { readonly status: "handled" }
  /** `afterMs`: an earlier attempt is useless. */
  | { readonly status: "retry"; readonly reason: string; readonly afterMs?: number }
  /** The tier refuses the event itself, so another attempt will hardly help. */
  | { readonly status: "refused"; readonly reason: string };

/**
 * Resolves to outcomes in the order of the events. An event after a failure of its entity may be handled anyway, and
 * is handled again.
 */
export type HandleEvents = (events: readonly HappenedEvent[]) => Promise<readonly Outcome[]>;

export type InvalidateFor = (event: HappenedEvent, withinMs: number) => Promise<InvalidationResult>;

interface Parts {
  readonly invalidation: MultiTierInvalidation;
  /**
   * Refreshes the materialized totals. It runs before the application cache is emptied, which would otherwise refill
   * with the old ones.
   */
  readonly refreshCategoryTotals: () => Promise<void>;
}

const HANDLED: Outcome = { status: "handled" };
const EARLIER: Outcome = { status: "retry", reason: "an earlier event of the same entity is not handled" };

/** One event's view of what the tiers did for the batch: a tier that the event does not reach cannot fail it. */
function outcomeFor(targets: Targets, { application, gateway, cdn }: InvalidationResult): Outcome {
  const { tags } = targets.cdn;
  if (application.status === "deferred") return { status: "retry", reason: application.reason };
  const reachesGateway = targets.gateway.everything || targets.gateway.tags.length > 0;
  if (reachesGateway && (gateway.status === "failed" || gateway.status === "held")) {
    return { status: "retry", reason: gateway.reason };
  }
  if (tags.length === 0) return HANDLED;
  if (cdn.status === "held") return { status: "retry", reason: cdn.reason };
  if (cdn.status !== "failed" || !tags.some((tag) => cdn.tags.includes(tag))) return HANDLED;
  if (cdn.failure === "refused") return { status: "refused", reason: cdn.reason };
  const after = cdn.retryAfterMs === undefined ? {} : { afterMs: cdn.retryAfterMs };
  return { status: "retry", reason: cdn.reason, ...after };
}

function isClean({ application, gateway }: InvalidationResult): boolean {
  return application.status !== "deferred" && gateway.status !== "failed" && gateway.status !== "held";
}

interface Work {
  readonly event: HappenedEvent;
  readonly entity: string;
  readonly targets: Targets;
}

/**
 * Remembers events whose inner tiers are clean, so that these are not emptied again and again while the edge is away.
 */
interface InnerClean {
  has(eventId: string): boolean;
  add(work: readonly Work[]): void;
  forget(eventId: string): void;
}

// A consumer that loses its lease never forgets its events one by one.
const MOST_REMEMBERED = 20_000;
const NOTHING_INSIDE = {
  application: { addresses: [], entities: [], everything: false },
  gateway: { tags: [], everything: false },
} as const;

function createInnerClean(): InnerClean {
  const clean = new Set<string>();
  return {
    has: (eventId) => clean.has(eventId),
    add(work) {
      if (clean.size > MOST_REMEMBERED) clean.clear();
      for (const { event } of work) clean.add(event.eventId);
    },
    forget: (eventId) => void clean.delete(eventId),
  };
}

// A batch carries the trace of its oldest event.
function bulk({ invalidation }: Parts, work: readonly [Work, ...Work[]]): Promise<InvalidationResult> {
  return invalidation.bulk(
    work.map(({ targets }) => targets),
    {
      requestId: work[0].event.requestId,
      traceparent: work[0].event.traceparent,
      events: work.map(({ event }) => event.eventId),
    },
  );
}

/** The state of handling one batch. */
interface Batch {
  /** By event id. */
  readonly verdicts: Map<string, Outcome>;
  /** Entities with a failure in this batch. */
  readonly stuck: Set<string>;
  /** By event id: why the category totals could not be refreshed. */
  readonly late: Map<string, string>;
}

function judge(batch: Batch, each: Work, outcome: Outcome): void {
  const late = batch.late.get(each.event.eventId);
  const verdict: Outcome =
    late === undefined || outcome.status !== "handled" ? outcome : { status: "retry", reason: late };
  batch.verdicts.set(each.event.eventId, verdict);
  if (verdict.status !== "handled") batch.stuck.add(each.entity);
}

/** The targets still to do: inner tiers only once, and views of totals only after the totals are refreshed. */
function workOf(inner: InnerClean, batch: Batch, event: HappenedEvent): Work {
  const reach = reachOf(event.event);
  const due = batch.late.has(event.eventId) ? withoutTotals(reach) : reach;
  const targets = inner.has(event.eventId) ? { ...NOTHING_INSIDE, cdn: due.cdn } : due;
  return { event, entity: entityOf(event.event), targets };
}

/** The edge refuses an order as a whole. Halving it finds the event that is wrong, and lets the others through. */
async function settle(parts: Parts, inner: InnerClean, batch: Batch, events: readonly HappenedEvent[]): Promise<void> {
  const work = events.map((event) => workOf(inner, batch, event));
  const [first, ...rest] = work.filter(({ entity }) => !batch.stuck.has(entity));
  if (first === undefined) return;
  const free: readonly [Work, ...Work[]] = [first, ...rest];
  const result = await bulk(parts, free);
  if (isClean(result)) inner.add(free.filter(({ event }) => !batch.late.has(event.eventId)));
  const refused: HappenedEvent[] = [];
  for (const each of free) {
    const outcome = outcomeFor(each.targets, result);
    if (outcome.status === "refused" && free.length > 1) refused.push(each.event);
    else judge(batch, each, outcome);
  }
  if (refused.length === 0) return;
  const half = Math.ceil(refused.length / 2);
  await settle(parts, inner, batch, refused.slice(0, half));
  await settle(parts, inner, batch, refused.slice(half));
}

async function refreshTotals(
  parts: Parts,
  inner: InnerClean,
  batch: Batch,
  events: readonly HappenedEvent[],
): Promise<void> {
  const counted = events.filter(({ event, eventId }) => changesCategoryTotals(event) && !inner.has(eventId));
  if (counted.length === 0) return;
  try {
    await parts.refreshCategoryTotals();
  } catch (error) {
    const reason = `category totals: ${messageOf(error)}`;
    for (const each of counted) {
      const { event, eventId } = each;
      batch.late.set(eventId, reason);
      // Invalidating everything now would have to be repeated once the totals are refreshed.
      if (event.type === "global.invalidate") judge(batch, workOf(inner, batch, each), { status: "retry", reason });
    }
  }
}

export function createHandleEvents(parts: Parts): HandleEvents {
  const inner = createInnerClean();
  return async (events) => {
    const batch: Batch = { verdicts: new Map(), stuck: new Set(), late: new Map() };
    await refreshTotals(parts, inner, batch, events);
    await settle(parts, inner, batch, events);
    return events.map(({ eventId }) => {
      const outcome = batch.verdicts.get(eventId) ?? EARLIER;
      if (outcome.status === "handled") inner.forget(eventId);
      return outcome;
    });
  };
}

/**
 * Handles one event for a client that waits, and tells it what each tier did. The recorded event is handled again
 * later.
 */
export function createInvalidateFor({ invalidation, refreshCategoryTotals }: Parts): InvalidateFor {
  return async ({ event, eventId, requestId, traceparent }, withinMs) => {
    const targets = reachOf(event);
    if (changesCategoryTotals(event)) {
      try {
        await refreshCategoryTotals();
      } catch {
        // The change stands. Its event refreshes the totals later, and reports a failure.
        return invalidation.queued(targets, eventId);
      }
    }
    return invalidation.now(targets, { requestId, traceparent, events: [eventId], withinMs });
  };
}
