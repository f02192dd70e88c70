// Owns one batch of events: handles them together, and notes each outcome in the outbox before anything is acknowledged.
import { markHandled, markRefused, type OutboxRow } from "../db/outbox.ts";
import type { Queryable } from "../db/port.ts";
import { parseEvent } from "./event.ts";
import type { HandleEvents, HappenedEvent, Outcome } from "./handle.ts";
import type { Window } from "./window.ts";

export const MOST_REFUSALS = 5;

interface Parts {
  readonly db: Queryable;
  readonly handle: HandleEvents;
  readonly window: Pick<Window, "park" | "unpark">;
  readonly monotonicMs: () => number;
  readonly report: (what: string, error: unknown) => void;
}

interface Failure {
  readonly row: OutboxRow;
  readonly outcome: Exclude<Outcome, { readonly status: "handled" }>;
}
interface Readable {
  readonly row: OutboxRow;
  readonly event: HappenedEvent;
}
interface Sorted {
  readonly handled: readonly OutboxRow[];
  readonly failures: readonly Failure[];
}

/**
 * Of each entity, the events handled before its first failure, and that failure. Later events wait, even those that
 * succeeded.
 */
function sort(readable: readonly Readable[], outcomes: readonly Outcome[]): Sorted {
  const handled: OutboxRow[] = [];
  const failures = new Map<string, Failure>();
  for (const [index, { row }] of readable.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined || failures.has(row.entity)) continue;
    if (outcome.status === "handled") handled.push(row);
    else failures.set(row.entity, { row, outcome });
  }
  return { handled, failures: [...failures.values()] };
}

/** Takes rows of the outbox, each entity's in order. Resolves to the ids of finished events: handled or given up. */
export function createBatches({ db, handle, window, monotonicMs, report }: Parts) {
  const giveUp = async ({ eventId }: OutboxRow, reason: string, most: number): Promise<boolean> => {
    const dead = await markRefused(db, eventId, reason, most);
    if (dead) report("events", new Error(`event ${eventId} is a dead letter: ${reason}`));
    return dead;
  };

  const settleFailures = async (failures: readonly Failure[]): Promise<readonly string[]> => {
    const dead: string[] = [];
    for (const { row, outcome } of failures) {
      if (outcome.status === "refused" && (await giveUp(row, outcome.reason, MOST_REFUSALS))) {
        dead.push(row.eventId);
        window.unpark(row.entity);
      } else {
        window.park(row.entity, monotonicMs(), outcome.status === "retry" ? outcome.afterMs : undefined);
      }
    }
    // One line for all, because thousands fail when the edge is away.
    const [first] = failures;
    if (first !== undefined) report("events wait", new Error(first.outcome.reason));
    return dead;
  };

  return async (rows: readonly OutboxRow[]): Promise<readonly string[]> => {
    const over: string[] = [];
    const readable: Readable[] = [];
    for (const row of rows) {
      const event = parseEvent(row.event);
      if (event !== undefined) readable.push({ row, event: { ...row, event } });
      else {
        // An unreadable event stays unreadable.
        await giveUp(row, "the event cannot be read", 1);
        over.push(row.eventId);
      }
    }
    const outcomes = readable.length === 0 ? [] : await handle(readable.map(({ event }) => event));
    const { handled, failures } = sort(readable, outcomes);
    const done = handled.map(({ eventId }) => eventId);
    if (done.length > 0) await markHandled(db, done);
    for (const { entity } of handled) window.unpark(entity);
    return [...over, ...done, ...(await settleFailures(failures))];
  };
}
