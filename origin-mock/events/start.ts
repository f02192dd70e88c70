// Owns the life of the event machinery: relay, upkeep, lease and consumer, started together and ended together.
import { prune, pruneDead } from "../db/outbox.ts";
import type { Database } from "../db/port.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { createConsumer } from "./consumer.ts";
import { createDoorbell } from "./doorbell.ts";
import { forever, type ForeverParts } from "./forever.ts";
import type { HandleEvents } from "./handle.ts";
import { createLease } from "./lease.ts";
import { eventStream, leaseIn } from "./redis.ts";
import { createRelay } from "./relay.ts";

export type EventsParts = ForeverParts & {
  readonly db: Database;
  readonly connection: Pick<RedisConnection, "run">;
  /** For the consumer alone. It is closed with the rest. */
  readonly blocking: RedisConnection;
  readonly handle: HandleEvents;
  readonly monotonicMs: () => number;
  readonly newId: () => string;
  /** How long a dead consumer keeps the others waiting; default 5 s. */
  readonly leaseMs?: number;
};
export interface RunningEvents {
  /** Call it after an event was recorded and committed. */
  wake(): void;
  /**
   * Call it on every new connection. Redis may be another server, or have an older memory, so waiting events are
   * offered again.
   */
  reconnected(): void;
  /** Ends within a few seconds, even while the edge does not answer. Unmarked events are handled again. */
  close(): Promise<void>;
}

const LEASE_MS = 5_000;
const RENEWALS_PER_LEASE = 3;
/** Finds other processes' commits, and events whose wake was lost. */
const POLL_MS = 500;
const BLOCK_MS = 1_000;
const UPKEEP_MS = 60_000;
const KEEP_HANDLED_SECONDS = 60 * 60;
/** The edge stores nothing that events reach for longer than a day (http/policy.ts). */
const KEEP_DEAD_SECONDS = 30 * 24 * 60 * 60;
const PRUNE_PAGE = 1_000;
const CLOSE_MS = 3_000;

async function pruneAll(db: Database, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await prune(db, KEEP_HANDLED_SECONDS, PRUNE_PAGE)) === PRUNE_PAGE);
}

export function startEvents(parts: EventsParts): RunningEvents {
  const { db, connection, blocking, monotonicMs, pause, leaseMs = LEASE_MS } = parts;
  const ending = new AbortController();
  const doorbell = createDoorbell(pause);
  const stream = eventStream(parts);
  const relay = createRelay({ db, stream });
  const name = parts.newId();
  const lease = createLease({ port: leaseIn(connection), holder: name, forMs: leaseMs, monotonicMs });
  const consumer = createConsumer({ ...parts, stream, lease, name, blockMs: BLOCK_MS });

  const run = (what: string, step: (signal: AbortSignal) => Promise<void>): Promise<void> =>
    forever(what, step, ending.signal, parts);
  let [connections, swept] = [1, 0];
  const loops = Promise.all([
    run("events relay", async (signal) => {
      const current = connections;
      if (current !== swept) await relay.sweep();
      swept = current;
      await relay.relay();
      await doorbell.wait(POLL_MS, signal);
    }),
    run("events upkeep", async (signal) => {
      await pause(UPKEEP_MS, signal);
      if (signal.aborted) return;
      await relay.sweep();
      await pruneAll(db, signal);
      await pruneDead(db, KEEP_DEAD_SECONDS);
    }),
    run("events lease", async (signal) => {
      await lease.renew();
      await pause(leaseMs / RENEWALS_PER_LEASE, signal);
    }),
    run("events consumer", (signal) => consumer.step(signal)),
  ]);

  return {
    wake: doorbell.ring,
    reconnected() {
      connections += 1;
      doorbell.ring();
    },
    async close() {
      ending.abort();
      // Ends a wait for deliveries. The next consumer claims what Redis has handed out by then.
      await blocking.close();
      const patience = new AbortController();
      await Promise.race([loops, pause(CLOSE_MS, patience.signal)]);
      patience.abort();
      // Without Redis, the lease runs out by itself.
      await lease.giveUp().catch(() => undefined);
    },
  };
}
