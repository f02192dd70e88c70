// Owns the handling of what the stream delivers: which entities have work the stream says, what work and in which order the outbox.
import { waitingOf } from "../db/outbox.ts";
import type { Queryable } from "../db/port.ts";
import { createBatches } from "./batch.ts";
import type { Pause } from "./forever.ts";
import type { HandleEvents } from "./handle.ts";
import type { Lease } from "./lease.ts";
import type { Delivery, EventStream } from "./port.ts";
import { createWindow, type Held, type Window } from "./window.ts";

/** So many events are handled at once. */
const BATCH = 500;
/** So many deliveries are held: what waits for an edge that is away must not keep the others out. */
const MOST_HELD = 10_000;
const STANDBY_MS = 250;
/** A consumer that lost the lease while Redis was about to answer it is given what nobody claims at the change. */
const CLAIM_AGAIN_MS = 30_000;

interface Parts {
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
}

function isHeld(delivery: Delivery): delivery is Held {
  return delivery.announcement !== undefined;
}

/** From the stream into the window. */
function createIntake(parts: Parts, window: Window) {
  const { stream, name, monotonicMs, report } = parts;
  let claimedAtMs = -Infinity;

  const accept = async (deliveries: readonly Delivery[]): Promise<void> => {
    for (const delivery of deliveries) if (isHeld(delivery)) window.add(delivery);
    const foreign = deliveries.filter((delivery) => !isHeld(delivery));
    if (foreign.length === 0) return;
    // No event of ours is lost with them: ours are in the outbox.
    report("events", new Error(`${foreign.length} entries of the stream are none of ours and were removed`));
    await stream.acknowledge(foreign);
  };
  return {
    /** All that was given out, also to others, and not acknowledged. */
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
          await intake.claim();
          synchronised = true;
        }
        if (intake.isLate()) await intake.claim();
        await intake.receive(signal);
        await round();
      } catch (error) {
        // Something may have been delivered that never arrived here: everything unacknowledged is asked for again.
        synchronised = false;
        throw error;
      }
    },
  };
}
