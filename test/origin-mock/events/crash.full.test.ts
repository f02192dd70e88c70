// Proves that a process may die between any two steps: whatever the next one finds, every event is handled, each entity's in order.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrate } from "../../../origin-mock/db/migrate.ts";
import { readBacklog } from "../../../origin-mock/db/outbox.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import type { EventStream } from "../../../origin-mock/events/port.ts";
import { STREAM_KEY } from "../../../origin-mock/events/redis.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { DATABASES } from "../support/databases.ts";
import { happen, openEvents, updated } from "../support/events.ts";
import { createLedger, keepsOrder } from "../support/ledger.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

const quiet = (): void => undefined;

/** Dies before or after its n-th call, and does nothing any more. A call that was made may have been heard. */
const createFuse = (burnsAt: number) => {
  let point = 0;
  let where: string | undefined;
  const pass = (what: string): void => {
    if (where === undefined && point === burnsAt) where = what;
    point += 1;
    if (where !== undefined) throw new Error(`died ${where}`);
  };
  return {
    /** Undefined while it lives. */
    where: () => where,
    wrap:
      <Args extends readonly unknown[], T>(name: string, call: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        pass(`before ${name}`);
        const result = await call(...args);
        pass(`after ${name}`);
        return result;
      },
  };
};
type Fuse = ReturnType<typeof createFuse>;

const fusedStream =
  ({ wrap }: Fuse) =>
  (stream: EventStream): EventStream => ({
    open: wrap("open", stream.open),
    publish: wrap("publish", stream.publish),
    claim: wrap("claim", stream.claim),
    read: wrap("read", stream.read),
    acknowledge: wrap("acknowledge", stream.acknowledge),
  });

describe.each(DATABASES)("$kind", ({ open }) => {
  let redis: TestRedis;
  let connection: RedisConnection;
  let db: Database;
  beforeAll(async () => {
    redis = await createTestRedis();
    connection = await openRedis(redis.url, { ready: quiet, error: quiet });
    db = await open();
    await migrate(db);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([connection.close(), db.close()]);
    await redis.remove();
  });

  /** Resolves to where the first process died. */
  const dieAndGoOn = async (burnsAt: number): Promise<string | undefined> => {
    await connection.run((client) => client.flushAll());
    await db.script("DELETE FROM outbox");
    const fuse = createFuse(burnsAt);
    const ledger = createLedger();
    const watched = ledger.watchDatabase(db);
    const handle = ledger.watchHandle(async (events) => events.map(() => ({ status: "handled" })));
    const doomed = openEvents({
      db: { ...db, query: fuse.wrap("query", watched.query) },
      connection,
      handle: fuse.wrap("handling", handle),
      wrap: fusedStream(fuse),
    });
    const happened = new Map<number, string[]>([1, 2, 3].map((id) => [id, []]));
    const change = async (): Promise<void> => {
      for (const [id, ids] of happened) ids.push(await happen(db, updated(id)));
    };
    const live = async (): Promise<void> => {
      await change();
      await doomed.relay();
      await doomed.step();
      await change();
      await doomed.settle();
    };
    await live().catch((error: unknown) => {
      if (fuse.where() === undefined) throw error;
    });
    // The others must not need a later event to be found.
    happened.get(1)?.push(await happen(db, updated(1)));
    const next = openEvents({ db: watched, connection, handle });
    await next.settle();
    expect(await readBacklog(db)).toMatchObject({ waiting: 0, dead: 0 });
    for (const ids of happened.values()) {
      expect(ids.every((id) => ledger.handled.includes(id))).toBe(true);
      expect([keepsOrder(ledger.handled, ids), keepsOrder(ledger.marked, ids)]).toEqual([true, true]);
    }
    expect(await connection.run((client) => client.xLen(STREAM_KEY))).toBe(0);
    expect(await connection.run((client) => client.hLen("{shop:events}:index"))).toBe(1);
    return fuse.where();
  };

  test("at every point", async () => {
    const deaths: string[] = [];
    for (let point = 0; ; point += 1) {
      const where = await dieAndGoOn(point);
      if (where === undefined) break;
      deaths.push(where);
    }
    for (const step of ["open", "publish", "query", "claim", "read", "handling", "acknowledge"]) {
      expect(deaths).toEqual(expect.arrayContaining([`before ${step}`, `after ${step}`]));
    }
  });
});
