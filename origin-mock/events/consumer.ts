// Owns the handling of what the stream delivers: which entities have work the stream says, what work and in which order the outbox.
import { markHandled, markRefused, waitingOf } from "../db/outbox.ts";
import type { OutboxRow } from "../db/outbox.ts";
import type { Queryable } from "../db/port.ts";
import { parseEvent } from "./event.ts";
import type { Pause } from "./forever.ts";
import type { HandleEvents, HappenedEvent, Outcome } from "./handle.ts";
import type { Lease } from "./lease.ts";
import type { Delivery, EventStream } from "./port.ts";
import { createWindow } from "./window.ts";
import type { Held } from "./window.ts";

/** So many events are handled at once. */
const BATCH = 500;
/** So many deliveries are held: what waits for an edge that is away must not keep the others out. */
const MOST_HELD = 10_000;
export const MOST_REFUSALS = 5;
const STANDBY_MS = 250;

type Parts = {
  readonly db: Queryable;
  readonly stream: EventStream;
  readonly handle: HandleEvents;
  readonly lease: Pick<Lease, "held">;
  /** Of this start of this process alone. */
  readonly name: string;
  /** The longest wait for deliveries, in milliseconds. */
  readonly blockMs: number;
  readonly monotonicMs: () => number;
  readonly random: () => number;
  readonly pause: Pause;
  readonly report: (what: string, error: unknown) => void;
};

type Failure = { readonly row: OutboxRow; readonly outcome: Exclude<Outcome, { readonly status: "handled" }> };

const isHeld = (delivery: Delivery): delivery is Held => delivery.announcement !== undefined;

export const createConsumer = (parts: Parts): { step(signal: AbortSignal): Promise<void> } => {
  const { db, stream, lease, name, monotonicMs, pause, report } = parts;
  const window = createWindow(parts.random);
  let synchronised = false;

  const accept = async (deliveries: readonly Delivery[]): Promise<void> => {
    for (const delivery of deliveries) if (isHeld(delivery)) window.add(delivery);
    const foreign = deliveries.filter((delivery) => !isHeld(delivery));
    if (foreign.length === 0) return;
    // No event of ours is lost with them: ours are in the outbox.
    report("events", new Error(`${foreign.length} entries of the stream are none of ours and were removed`));
    await stream.acknowledge(foreign);
  };

  const receive = async (signal: AbortSignal): Promise<void> => {
    const count = Math.min(BATCH, MOST_HELD - window.size());
    const nowMs = monotonicMs();
    const idle = window.due(nowMs, 1).length === 0;
    const waitMs = idle ? Math.max(0, Math.min(parts.blockMs, (window.nextDueMs() ?? Infinity) - nowMs)) : 0;
    if (count > 0) await accept(await stream.read(name, count, waitMs));
    else if (waitMs > 0) await pause(waitMs, signal);
  };

  /** What cannot be read never can be: given up at once. */
  const bury = async (eventId: string): Promise<void> => {
    await markRefused(db, eventId, "the event cannot be read", 1);
    report("events", new Error(`event ${eventId} cannot be read and is a dead letter`));
  };

  /** Returns the ids of those given up. */
  const settleFailures = async (failures: Iterable<Failure>): Promise<readonly string[]> => {
    const dead: string[] = [];
    for (const { row, outcome } of failures) {
      const { eventId, entity } = row;
      report("events", new Error(`${entity}: ${outcome.reason}`));
      if (outcome.status === "refused" && (await markRefused(db, eventId, outcome.reason, MOST_REFUSALS))) {
        report("events", new Error(`event ${eventId} was refused ${MOST_REFUSALS} times and is a dead letter`));
        dead.push(eventId);
        window.unpark(entity);
      } else {
        window.park(entity, monotonicMs(), outcome.status === "retry" ? outcome.afterMs : undefined);
      }
    }
    return dead;
  };

  /** Returns the ids of those that are over, done or given up. */
  const handle = async (rows: readonly OutboxRow[]): Promise<readonly string[]> => {
    const over: string[] = [];
    const readable: { readonly row: OutboxRow; readonly event: HappenedEvent }[] = [];
    for (const row of rows) {
      const event = parseEvent(row.event);
      if (event !== undefined) readable.push({ row, event: { ...row, event } });
      else {
        await bury(row.eventId);
        over.push(row.eventId);
      }
    }
    const outcomes = readable.length === 0 ? [] : await parts.handle(readable.map(({ event }) => event));
    const failures = new Map<string, Failure>();
    const handled: OutboxRow[] = [];
    for (const [index, { row }] of readable.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined || failures.has(row.entity)) continue;
      if (outcome.status === "handled") handled.push(row);
      else failures.set(row.entity, { row, outcome });
    }
    const done = handled.map(({ eventId }) => eventId);
    if (done.length > 0) await markHandled(db, done);
    for (const { entity } of handled) window.unpark(entity);
    return [...over, ...done, ...(await settleFailures(failures.values()))];
  };

  const round = async (): Promise<void> => {
    const entities = window.due(monotonicMs(), BATCH);
    if (entities.length === 0) return;
    const rows = await waitingOf(db, entities, BATCH);
    const over = new Set(await handle(rows));
    const waiting = new Set(rows.map(({ eventId }) => eventId));
    // What the outbox no longer lists was handled before, by this process or another; unless the page was full.
    const listed = rows.length < BATCH;
    const finished = (eventId: string): boolean => over.has(eventId) || (listed && !waiting.has(eventId));
    await stream.acknowledge(entities.flatMap((entity) => window.take(entity, finished)));
  };

  return {
    async step(signal) {
      if (!lease.held()) {
        synchronised = false;
        return pause(STANDBY_MS, signal);
      }
      try {
        if (!synchronised) {
          window.clear();
          await stream.open();
          await accept(await stream.claim(name));
          synchronised = true;
        }
        await receive(signal);
        await round();
      } catch (error) {
        // Something may have been delivered that never arrived here: everything unacknowledged is asked for again.
        synchronised = false;
        throw error;
      }
    },
  };
};
