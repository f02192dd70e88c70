// Owns event machinery that moves only when it is told to: relay and consumer step by step, with a clock that the test sets.
import { randomUUID } from "node:crypto";
import { recordEvent } from "../../../origin-mock/db/outbox.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { createConsumer } from "../../../origin-mock/events/consumer.ts";
import { entityOf } from "../../../origin-mock/events/event.ts";
import type { ShopEvent } from "../../../origin-mock/events/event.ts";
import type { HandleEvents } from "../../../origin-mock/events/handle.ts";
import type { EventStream } from "../../../origin-mock/events/port.ts";
import { eventStream } from "../../../origin-mock/events/redis.ts";
import { createRelay } from "../../../origin-mock/events/relay.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";

type Parts = {
  readonly db: Database;
  readonly connection: Pick<RedisConnection, "run">;
  readonly handle: HandleEvents;
  /** Around the real stream: a test may break it. */
  readonly wrap?: (stream: EventStream) => EventStream;
  readonly held?: () => boolean;
  readonly report?: (what: string, error: unknown) => void;
};

export type TestEvents = {
  readonly relay: () => Promise<void>;
  readonly sweep: () => Promise<void>;
  /** One step of the consumer: the deliveries, and one batch of due events. */
  readonly step: () => Promise<void>;
  /** Until nothing is left that is due. */
  readonly settle: () => Promise<void>;
  /** Lets time pass. */
  readonly advance: (ms: number) => void;
};

const NEVER = new AbortController().signal;

export const openEvents = ({
  db,
  connection,
  handle,
  wrap,
  held = () => true,
  report = () => undefined,
}: Parts): TestEvents => {
  const real = eventStream({ connection, blocking: connection, newId: randomUUID });
  const stream = wrap === undefined ? real : wrap(real);
  const { relay, sweep } = createRelay({ db, stream });
  let nowMs = 0;
  let handled = 0;
  const consumer = createConsumer({
    db,
    stream,
    handle: (events) => {
      handled += events.length;
      return handle(events);
    },
    lease: { held },
    name: randomUUID(),
    blockMs: 0,
    monotonicMs: () => nowMs,
    random: () => 0,
    pause: async () => undefined,
    report,
  });
  const step = (): Promise<void> => consumer.step(NEVER);
  return {
    relay,
    sweep,
    step,
    async settle() {
      await relay();
      let before: number;
      do {
        before = handled;
        await step();
      } while (handled > before);
    },
    advance: (ms) => void (nowMs += ms),
  };
};

export const TRACE = { requestId: "request-1", traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` } as const;

/** A change that is nothing but its event. */
export const happen = (db: Database, event: ShopEvent): Promise<string> =>
  db.transaction((tx) => recordEvent(tx, { entity: entityOf(event), event, ...TRACE }));

export const updated = (id: number): ShopEvent => ({ type: "product.updated", id, categories: ["bath"] });
