// Owns what is done about events: category totals first, then every tier in order, all events in one call to each.
import { messageOf } from "../error.ts";
import { changesCategoryTotals, reachOf } from "../invalidation/reach.ts";
import type { InvalidationResult, MultiTierInvalidation } from "../invalidation/multi-tier.ts";
import type { Targets } from "../invalidation/targets.ts";
import { entityOf } from "./event.ts";
import type { ShopEvent } from "./event.ts";
import type { TraceIds } from "./port.ts";

export type HappenedEvent = TraceIds & { readonly eventId: string; readonly event: ShopEvent };
export type Outcome =
  | { readonly status: "handled" }
  /** `afterMs`: trying earlier is useless. */
  | { readonly status: "retry"; readonly reason: string; readonly afterMs?: number }
  /** The event itself is refused, and trying again will hardly help. */
  | { readonly status: "refused"; readonly reason: string };

/** Outcomes in the order of the events. What follows a failure of its entity may be done all the same, and is done again. */
export type HandleEvents = (events: readonly HappenedEvent[]) => Promise<readonly Outcome[]>;

export type InvalidateFor = (event: HappenedEvent, withinMs: number) => Promise<InvalidationResult>;

type Parts = {
  readonly invalidation: MultiTierInvalidation;
  /** Brings the materialized totals up to date. Before the application's cache is emptied, or it would refill with the old ones. */
  readonly refreshCategoryTotals: () => Promise<void>;
};

const HANDLED: Outcome = { status: "handled" };
const EARLIER: Outcome = { status: "retry", reason: "an earlier event of the same entity is not handled" };

/** What the tiers did for many, seen by one: a tier it does not reach cannot fail it. */
const outcomeFor = (targets: Targets, { application, gateway, cdn }: InvalidationResult): Outcome => {
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
};

const isClean = ({ application, gateway }: InvalidationResult): boolean =>
  application.status !== "deferred" && gateway.status !== "failed" && gateway.status !== "held";

type Work = { readonly event: HappenedEvent; readonly entity: string; readonly targets: Targets };

/** What was once clean for an event stays so: while the edge is away, the caches behind it are not emptied again and again. */
type InnerClean = {
  /** With the targets that are left. */
  workOf(events: readonly HappenedEvent[]): readonly Work[];
  add(work: readonly Work[]): void;
  forget(eventId: string): void;
};

// Those of a consumer that stood back are never forgotten one by one.
const MOST_REMEMBERED = 20_000;
const NOTHING_INSIDE = {
  application: { addresses: [], entities: [], everything: false },
  gateway: { tags: [], everything: false },
} as const;

const createInnerClean = (): InnerClean => {
  const clean = new Set<string>();
  return {
    workOf: (events) =>
      events.map((event) => {
        const reach = reachOf(event.event);
        const targets = clean.has(event.eventId) ? { ...NOTHING_INSIDE, cdn: reach.cdn } : reach;
        return { event, entity: entityOf(event.event), targets };
      }),
    add(work) {
      if (clean.size > MOST_REMEMBERED) clean.clear();
      for (const { event } of work) clean.add(event.eventId);
    },
    forget: (eventId) => void clean.delete(eventId),
  };
};

// A batch travels under the trace of its oldest event.
const bulk = ({ invalidation }: Parts, work: readonly [Work, ...Work[]]): Promise<InvalidationResult> =>
  invalidation.bulk(
    work.map(({ targets }) => targets),
    {
      requestId: work[0].event.requestId,
      traceparent: work[0].event.traceparent,
      events: work.map(({ event }) => event.eventId),
    },
  );

/** One handling of one batch: outcomes by event id, and the entities that failed in it. */
type Batch = { readonly verdicts: Map<string, Outcome>; readonly stuck: Set<string> };

const judge = (batch: Batch, each: Work, outcome: Outcome): void => {
  batch.verdicts.set(each.event.eventId, outcome);
  if (outcome.status !== "handled") batch.stuck.add(each.entity);
};

/** The edge refuses an order as a whole: halves of it find out which event it means, the others get through. */
const settle = async (
  parts: Parts,
  inner: InnerClean,
  batch: Batch,
  events: readonly HappenedEvent[],
): Promise<void> => {
  const [first, ...rest] = inner.workOf(events).filter(({ entity }) => !batch.stuck.has(entity));
  if (first === undefined) return;
  const free: readonly [Work, ...Work[]] = [first, ...rest];
  const result = await bulk(parts, free);
  if (isClean(result)) inner.add(free);
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
};

const refreshTotals = async (
  parts: Parts,
  inner: InnerClean,
  batch: Batch,
  events: readonly HappenedEvent[],
): Promise<void> => {
  const counted = inner.workOf(events).filter(({ targets }) => changesCategoryTotals(targets));
  if (counted.length === 0) return;
  try {
    await parts.refreshCategoryTotals();
  } catch (error) {
    const reason = `category totals: ${messageOf(error)}`;
    for (const each of counted) judge(batch, each, { status: "retry", reason });
  }
};

export const createHandleEvents = (parts: Parts): HandleEvents => {
  const inner = createInnerClean();
  return async (events) => {
    const batch: Batch = { verdicts: new Map(), stuck: new Set() };
    await refreshTotals(parts, inner, batch, events);
    await settle(parts, inner, batch, events);
    return events.map(({ eventId }) => {
      const outcome = batch.verdicts.get(eventId) ?? EARLIER;
      if (outcome.status === "handled") inner.forget(eventId);
      return outcome;
    });
  };
};

/** For who waits for it: one event, and what each tier did. The event is recorded all the same, and handled again. */
export const createInvalidateFor =
  ({ invalidation, refreshCategoryTotals }: Parts): InvalidateFor =>
  async ({ event, eventId, requestId, traceparent }, withinMs) => {
    const targets = reachOf(event);
    if (changesCategoryTotals(targets)) {
      try {
        await refreshCategoryTotals();
      } catch {
        // The change stands; its event refreshes them, and reports what fails.
        return invalidation.queued(targets, eventId);
      }
    }
    return invalidation.now(targets, { requestId, traceparent, events: [eventId], withinMs });
  };
