// Owns the consumer: the stream tells it which entities have work, and the outbox which work, in which order.
import { waitingOf } from "../db/outbox.ts";
import type { Queryable } from "../db/port.ts";
import { createBatches } from "./batch.ts";
import type { Pause } from "./forever.ts";
import type { HandleEvents } from "./handle.ts";
import type { Lease } from "./lease.ts";
import type { Delivery, EventStream } from "./port.ts";
import { createWindow, type Held, type Window } from "./window.ts";

/** Events per batch. */
const BATCH = 500;
/** The most deliveries held: events that wait for an absent edge must not keep the others out. */
const MOST_HELD = 10_000;
const STANDBY_MS = 250;
/** Redis may hand deliveries to a consumer that has just lost the lease. Claiming again picks them up. */
const CLAIM_AGAIN_MS = 30_000;

interface Parts {
  readonly db: Queryable;
  readonly stream: EventStream;
  readonly handle: HandleEvents;
  readonly lease: Pick<Lease, "held">;
  /** Unique to this start of this process. */
  readonly name: string;
  /** The longest wait for deliveries, in milliseconds. */
  readonly blockMs: number;
  readonly monotonicMs: () => number;
  readonly random: () => number;
  readonly pause: Pause;
  readonly report: (what: string, error: unknown) => void;
}

function isHeld(delivery: Delivery): delivery is Held {
  return delivery.announcement !== undefined;
}

/** Moves deliveries from the stream into the window. */
function createIntake(parts: Parts, window: Window) {
  const { stream, name, monotonicMs, report } = parts;
  let claimedAtMs = -Infinity;

  const accept = async (deliveries: readonly Delivery[]): Promise<void> => {
    for (const delivery of deliveries) if (isHeld(delivery)) window.add(delivery);
    const foreign = deliveries.filter((delivery) => !isHeld(delivery));
    if (foreign.length === 0) return;
    // No event is lost with them, because events are in the outbox.
    report("events", new Error(`${foreign.length} entries of the stream are none of ours and were removed`));
    await stream.acknowledge(foreign);
  };
  return {
    /** Claims every unacknowledged delivery, including those of other consumers. */
    async claim(): Promise<void> {
      claimedAtMs = monotonicMs();
      await accept(await stream.claim(name));
    },
    isLate: (): boolean => monotonicMs() - claimedAtMs >= CLAIM_AGAIN_MS,
    async receive(signal: AbortSignal): Promise<void> {
      const count = Math.min(BATCH, MOST_HELD - window.size());
      const nowMs = monotonicMs();
      const idle = window.due(nowMs, 1).length === 0;
      const waitMs = idle ? Math.max(0, Math.min(parts.blockMs, (window.nextDueMs() ?? Infinity) - nowMs)) : 0;
      if (count > 0) await accept(await stream.read(name, count, waitMs));
      else if (waitMs > 0) await parts.pause(waitMs, signal);
    },
  };
}

export function createConsumer(parts: Parts): { step(signal: AbortSignal): Promise<void> } {
  const { db, stream, lease, monotonicMs, pause } = parts;
  const window = createWindow(parts.random);
  const work = createBatches({ ...parts, window });
  let synchronised = false;

  const intake = createIntake(parts, window);

  const round = async (): Promise<void> => {
    const entities = window.due(monotonicMs(), BATCH);
    if (entities.length === 0) return;
    const rows = await waitingOf(db, entities, BATCH);
    const over = new Set(await work(rows));
    const waiting = new Set(rows.map(({ eventId }) => eventId));
    // An event that the outbox no longer lists was handled before, by some process, unless the page was full.
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
          await intake.claim();
          synchronised = true;
        }
        if (intake.isLate()) await intake.claim();
        await intake.receive(signal);
        await round();
      } catch (error) {
        // A delivery may have been lost on its way here, so the next step claims everything unacknowledged.
        synchronised = false;
        throw error;
      }
    },
  };
}
