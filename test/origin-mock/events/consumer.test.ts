// Proves the consumer: batches, the reach of a failure, retries, and giving up.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migrate } from "../../../origin-mock/db/migrate.ts";
import { listDead, readBacklog, recordEvent, redrive } from "../../../origin-mock/db/outbox.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { MOST_REFUSALS } from "../../../origin-mock/events/batch.ts";
import type { HappenedEvent, Outcome } from "../../../origin-mock/events/handle.ts";
import { eventStream, STREAM_KEY } from "../../../origin-mock/events/redis.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { DATABASES } from "../support/databases.ts";
import { happen, openEvents, TRACE, updated } from "../support/events.ts";
import type { TestEvents } from "../support/events.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

const quiet = (): void => undefined;
const HANDLED: Outcome = { status: "handled" };
const AWAY: Outcome = { status: "retry", reason: "away" };
const REFUSED: Outcome = { status: "refused", reason: "no such tag" };

describe.each(DATABASES)("$kind", ({ open }) => {
  let redis: TestRedis;
  let connection: RedisConnection;
  let db: Database;
  let events: TestEvents;
  let batches: string[][] = [];
  let reports: string[] = [];
  let outcomeOf: (event: HappenedEvent) => Outcome = () => HANDLED;

  const openConsumer = (): TestEvents =>
    openEvents({
      db,
      connection,
      handle: async (happened) => {
        batches.push(happened.map(({ eventId }) => eventId));
        return happened.map(outcomeOf);
      },
      report: (_, error) => void reports.push(String(error)),
    });

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
  beforeEach(async () => {
    await connection.run((client) => client.flushAll());
    await db.script("DELETE FROM outbox");
    [batches, reports] = [[], []];
    outcomeOf = () => HANDLED;
    events = openConsumer();
  });

  const failing = (id: number, outcome: Outcome) => (event: HappenedEvent) =>
    "id" in event.event && event.event.id === id ? outcome : HANDLED;
  const backlog = async () => {
    const { waiting, dead } = await readBacklog(db);
    return { waiting, dead };
  };

  test("what waits is handled together, in the order it happened in, with its trace", async () => {
    const traces: unknown[] = [];
    outcomeOf = (event) => {
      traces.push([event.requestId, event.traceparent]);
      return HANDLED;
    };
    const made = [await happen(db, updated(2)), await happen(db, updated(1)), await happen(db, updated(2))];
    await events.settle();
    expect(batches).toEqual([made]);
    expect(traces).toEqual(made.map(() => [TRACE.requestId, TRACE.traceparent]));
    expect(await backlog()).toEqual({ waiting: 0, dead: 0 });
  });

  test("more than a batch is several, none twice", async () => {
    await db.transaction(async (tx) => {
      for (let id = 0; id < 1_100; id += 1) {
        await recordEvent(tx, { entity: `product:${id % 7}`, event: updated((id % 7) + 1), ...TRACE });
      }
    });
    await events.settle();
    const all = batches.flat();
    expect([all.length, new Set(all).size]).toEqual([1_100, 1_100]);
    expect(batches.length).toBeLessThan(8);
    expect(await backlog()).toEqual({ waiting: 0, dead: 0 });
    expect(await connection.run((client) => client.xLen(STREAM_KEY))).toBe(0);
  });

  test("more than a batch, claimed at once from a consumer that died, is not taken for handled", async () => {
    await db.transaction(async (tx) => {
      for (let id = 0; id < 1_100; id += 1) {
        await recordEvent(tx, { entity: `product:${id % 7}`, event: updated((id % 7) + 1), ...TRACE });
      }
    });
    outcomeOf = () => AWAY;
    await events.relay();
    for (let step = 0; step < 3; step += 1) await events.step();
    outcomeOf = () => HANDLED;
    await openConsumer().settle();
    expect(await backlog()).toEqual({ waiting: 0, dead: 0 });
  });

  test("a Redis that lost its memory is given again what was not handled", async () => {
    outcomeOf = failing(1, AWAY);
    const [lost] = [await happen(db, updated(1)), await happen(db, updated(2))];
    await events.settle();
    await connection.run((client) => client.flushAll());
    [batches, outcomeOf] = [[], () => HANDLED];
    await expect(events.step()).rejects.toThrow("NOGROUP");
    events.advance(125);
    await events.settle();
    expect(batches).toEqual([[lost]]);
  });

  test("what could not be marked as handled is not acknowledged, and handled again", async () => {
    const made = await happen(db, updated(1));
    let away = true;
    const hard = openEvents({
      connection,
      db: {
        ...db,
        query: async (sql, params) => {
          if (away && (typeof sql === "string" ? sql : sql.text).includes("SET handled_at"))
            throw new Error("the database is away");
          return db.query(sql, params);
        },
      },
      handle: async (happened) => {
        batches.push(happened.map(({ eventId }) => eventId));
        return happened.map(() => HANDLED);
      },
    });
    await hard.relay();
    await expect(hard.step()).rejects.toThrow("the database is away");
    away = false;
    await hard.step();
    expect(batches).toEqual([[made], [made]]);
    expect(await backlog()).toEqual({ waiting: 0, dead: 0 });
  });

  test("what a consumer was given as it lost the lease, and never handled, is claimed after a while", async () => {
    await events.settle();
    const made = await happen(db, updated(1));
    await events.relay();
    // It had asked before its lease ran out, was answered after the other had claimed all there was, and died.
    await eventStream({ connection, blocking: connection, newId: () => "any" }).read("the one before", 10, 0);
    await events.step();
    expect(batches).toEqual([]);
    events.advance(30_000);
    await events.step();
    expect(batches).toEqual([[made]]);
    expect(await backlog()).toEqual({ waiting: 0, dead: 0 });
  });

  test("without the lease nothing is touched; with it again, what was claimed before is asked for again", async () => {
    const made = await happen(db, updated(1));
    let held = false;
    outcomeOf = () => AWAY;
    const standby = openEvents({
      db,
      connection,
      held: () => held,
      handle: async (happened) => {
        batches.push(happened.map(({ eventId }) => eventId));
        return happened.map(outcomeOf);
      },
    });
    await standby.relay();
    await standby.step();
    expect(batches).toEqual([]);
    held = true;
    await standby.step();
    held = false;
    await standby.step();
    outcomeOf = () => HANDLED;
    // Another one took over meanwhile, and is done.
    await events.settle();
    held = true;
    standby.advance(125);
    await standby.step();
    expect(batches).toEqual([[made], [made]]);
  });

  test("a failing event blocks its entity and no other; tried again after a growing wait, by this process's clock", async () => {
    outcomeOf = failing(1, AWAY);
    const [first, second] = [await happen(db, updated(1)), await happen(db, updated(1))];
    const other = await happen(db, updated(2));
    await events.settle();
    expect(batches).toEqual([[first, second, other]]);
    expect(await backlog()).toEqual({ waiting: 2, dead: 0 });
    const another = await happen(db, updated(2));
    await events.settle();
    expect(batches.slice(1)).toEqual([[another]]);
    // 250 ms doubled, less half of it for jitter at its least.
    for (const waitMs of [125, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      batches = [];
      events.advance(waitMs - 1);
      await events.step();
      expect(batches).toEqual([]);
      events.advance(1);
      await events.step();
      expect(batches).toEqual([[first, second]]);
    }
    outcomeOf = () => HANDLED;
    events.advance(15_000);
    await events.settle();
    expect(await backlog()).toEqual({ waiting: 0, dead: 0 });
    // Afterwards it begins anew.
    outcomeOf = failing(1, AWAY);
    await happen(db, updated(1));
    await events.settle();
    batches = [];
    events.advance(125);
    await events.step();
    expect(batches).toHaveLength(1);
  });

  test("who says when to come again is taken at his word", async () => {
    outcomeOf = failing(1, { status: "retry", reason: "away", afterMs: 60_000 });
    await happen(db, updated(1));
    await events.settle();
    events.advance(59_999);
    await events.step();
    expect(batches).toHaveLength(1);
    events.advance(1);
    await events.step();
    expect(batches).toHaveLength(2);
  });

  test("what is refused is a dead letter after so many attempts, with its reason; then its entity goes on", async () => {
    const poison = await happen(db, updated(1));
    outcomeOf = ({ eventId }) => (eventId === poison ? REFUSED : HANDLED);
    const other = await happen(db, updated(2));
    for (let attempt = 1; attempt < MOST_REFUSALS; attempt += 1) {
      await events.settle();
      expect(await backlog()).toEqual({ waiting: 1, dead: 0 });
      events.advance(30_000);
    }
    const later = await happen(db, updated(1));
    await events.settle();
    expect(await listDead(db, 9)).toMatchObject([{ id: poison, reason: "no such tag", refusals: MOST_REFUSALS }]);
    expect(batches.flat()).toContain(other);
    // At once: the entity waits no longer.
    expect(batches.slice(-2)).toEqual([[poison, later], [later]]);
    outcomeOf = () => HANDLED;
    expect(reports).toContainEqual(expect.stringContaining(`event ${poison} is a dead letter: no such tag`));
    batches = [];
    expect(await redrive(db, poison)).toBe(true);
    await events.settle();
    expect([batches, await backlog()]).toEqual([[[poison]], { waiting: 0, dead: 0 }]);
  });

  test("refusals are counted across restarts, absences are not", async () => {
    await happen(db, updated(1));
    for (let attempt = 1; attempt <= MOST_REFUSALS * 2; attempt += 1) {
      outcomeOf = () => AWAY;
      await openConsumer().settle();
    }
    expect(await backlog()).toEqual({ waiting: 1, dead: 0 });
    for (let attempt = 1; attempt <= MOST_REFUSALS; attempt += 1) {
      outcomeOf = () => REFUSED;
      await openConsumer().settle();
    }
    expect(await backlog()).toEqual({ waiting: 0, dead: 1 });
  });

  test.each([
    ["another kind", { type: "product.renamed", id: 1 }],
    ["a part missing", { type: "product.updated", id: 1 }],
    ["no object", 7],
  ])("an event that cannot be read (%s) is a dead letter at once, and what follows is handled", async (_, event) => {
    await db.transaction((tx) => recordEvent(tx, { entity: "product:1", event, ...TRACE }));
    const later = await happen(db, updated(1));
    await events.settle();
    expect(batches).toEqual([[later]]);
    expect(await listDead(db, 9)).toMatchObject([{ event, reason: "the event cannot be read" }]);
    expect(await connection.run((client) => client.xLen(STREAM_KEY))).toBe(0);
  });

  test("entries that somebody else wrote are removed and reported", async () => {
    await events.settle();
    await connection.run((client) => client.xAdd(STREAM_KEY, "*", { hello: "world" }));
    await events.settle();
    expect(await connection.run((client) => client.xLen(STREAM_KEY))).toBe(0);
    expect(reports).toContainEqual(expect.stringContaining("none of ours"));
  });

  test("what the stream lost is handled before what came after it", async () => {
    const lost = await happen(db, updated(1));
    await events.relay();
    await connection.run((client) => client.xTrim(STREAM_KEY, "MAXLEN", 0));
    const later = await happen(db, updated(1));
    await events.settle();
    expect(batches).toEqual([[lost, later]]);
  });

  test("what the stream lost and nothing followed is found by the sweep", async () => {
    const lost = await happen(db, updated(1));
    await events.relay();
    await connection.run((client) => client.xTrim(STREAM_KEY, "MAXLEN", 0));
    await events.settle();
    expect(batches).toEqual([]);
    await events.sweep();
    await events.settle();
    expect(batches).toEqual([[lost]]);
  });

  test("an answer of Redis that never arrived is asked for again", async () => {
    const made = await happen(db, updated(1));
    let deaf = true;
    const hard = openEvents({
      db,
      connection,
      handle: async (happened) => {
        batches.push(happened.map(({ eventId }) => eventId));
        return happened.map(() => HANDLED);
      },
      wrap: (stream) => ({
        ...stream,
        async read(...args) {
          const deliveries = await stream.read(...args);
          if (deaf) throw new Error("the line is dead");
          return deliveries;
        },
      }),
    });
    await hard.relay();
    await expect(hard.step()).rejects.toThrow("the line is dead");
    deaf = false;
    await hard.step();
    expect(batches).toEqual([[made]]);
  });
});
