// Proves the machinery as it runs: Redis killed and emptied, the edge away, two at once, a clock that jumps, and how it ends.
import { randomUUID } from "node:crypto";
import { setTimeout as after } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { migrate } from "../../../origin-mock/db/migrate.ts";
import { readBacklog } from "../../../origin-mock/db/outbox.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { startEvents } from "../../../origin-mock/events/start.ts";
import type { RunningEvents } from "../../../origin-mock/events/start.ts";
import { createCdn } from "../../../origin-mock/invalidation/cdn.ts";
import type { Removal } from "../../../origin-mock/invalidation/port.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { createTiers } from "../../../origin-mock/tiers.ts";
import { DATABASES } from "../support/databases.ts";
import { createFakeEdge, receipt } from "../support/edge.ts";
import type { FakeEdge } from "../support/edge.ts";
import { happen, updated } from "../support/events.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

const quiet = (): void => undefined;
const DONE = async (): Promise<Removal> => ({ status: "done", keys: 1 });

type Process = { readonly events: RunningEvents; readonly reports: string[]; end(): Promise<void> };

describe.each(DATABASES)("$kind", ({ open }) => {
  let redis: TestRedis;
  let edge: FakeEdge;
  let db: Database;
  const opened: Process[] = [];
  beforeEach(async () => {
    [redis, edge, db] = await Promise.all([createTestRedis(), createFakeEdge(), open()]);
    await migrate(db);
  });
  afterEach(async () => {
    vi.useRealTimers();
    await Promise.all(opened.splice(0).map((each) => each.end()));
    await Promise.all([redis.remove(), edge.close(), db.close()]);
  });

  /** `edgeMs`: how long it waits for the edge. */
  const startProcess = async (edgeMs = 300): Promise<Process> => {
    const reports: string[] = [];
    const report = (what: string, error: unknown): void => void reports.push(`${what}: ${String(error)}`);
    const connect = (): Promise<RedisConnection> => openRedis(redis.url, { ready: quiet, error: quiet });
    const [connection, blocking] = [await connect(), await connect()];
    const monotonicMs = (): number => performance.now();
    const { handle } = createTiers({
      application: { remove: DONE, removeEntities: DONE, bumpVersion: DONE },
      gateway: undefined,
      cdn: createCdn({ edgeUrl: edge.url, token: "x", timeoutMs: edgeMs }),
      refreshCategoryTotals: async () => undefined,
      monotonicMs,
      random: Math.random,
    });
    const pause = (ms: number, signal: AbortSignal): Promise<void> =>
      after(ms, undefined, { signal }).catch(() => undefined);
    const parts = { db, connection, blocking, handle, pause, monotonicMs, random: Math.random, newId: randomUUID };
    const events = startEvents({ ...parts, report });
    const started = { events, reports, end: () => events.close().then(() => connection.close()) };
    opened.push(started);
    return started;
  };

  const change = async ({ events }: Process, id: number): Promise<void> => {
    await happen(db, updated(id));
    events.wake();
  };
  /** Until nothing waits. It polls: the state ends the wait, or the test's deadline if it never comes. */
  const untilHandled = async (): Promise<void> => {
    while ((await readBacklog(db)).waiting > 0) await after(10);
  };
  const purged = (): ReadonlySet<unknown> =>
    new Set(
      edge.purges
        .flatMap(({ body }) => Object.values(body ?? {}).flat())
        .filter((tag) => String(tag).startsWith("product:")),
    );
  const products = (count: number): ReadonlySet<string> =>
    new Set(Array.from({ length: count }, (_, id) => `product:${id + 1}`));

  test("what happens is purged, without anybody asking", async () => {
    const shop = await startProcess();
    await change(shop, 1);
    await untilHandled();
    expect(purged()).toEqual(products(1));
  });

  test("Redis killed and back with nothing, while events wait, are in the stream, and are being handled", async () => {
    const shop = await startProcess();
    const asked = new Promise<void>((resolve) => {
      edge.answer = () => resolve();
    });
    await change(shop, 1);
    await asked;
    // One is with the edge, which does not answer; the others are in the stream or on their way.
    for (let id = 2; id <= 20; id += 1) await change(shop, id);
    await redis.stop();
    for (let id = 21; id <= 40; id += 1) await change(shop, id);
    edge.answer = receipt;
    await redis.start();
    await untilHandled();
    expect(purged()).toEqual(products(40));
  });

  test("Redis that accepts and does not answer", async () => {
    const shop = await startProcess();
    await change(shop, 1);
    await untilHandled();
    redis.pause();
    for (let id = 2; id <= 5; id += 1) await change(shop, id);
    while (!shop.reports.some((line) => line.includes("no answer within"))) await after(10);
    redis.resume();
    await untilHandled();
    expect(purged()).toEqual(products(5));
  });

  test("the edge away for a while: everything is purged afterwards, in few calls", async () => {
    const shop = await startProcess();
    edge.answer = (response) => void response.writeHead(503).end();
    for (let id = 1; id <= 300; id += 1) await change(shop, id);
    while (!shop.reports.some((line) => line.includes("the edge answered 503"))) await after(10);
    edge.purges.length = 0;
    edge.answer = receipt;
    await untilHandled();
    expect(purged()).toEqual(products(300));
    expect(edge.purges.length).toBeLessThan(30);
  });

  test("what the edge refuses is given up, and what came with it gets through", async () => {
    const shop = await startProcess();
    edge.answer = (response) => {
      const body = JSON.stringify(edge.purges.at(-1)?.body);
      if (body.includes('"product:7"')) response.writeHead(400).end(JSON.stringify({ detail: "no product 7" }));
      else receipt(response);
    };
    await db.transaction(async (tx) => {
      for (let id = 1; id <= 20; id += 1) await happen({ ...db, transaction: (work) => work(tx) }, updated(id));
    });
    shop.events.wake();
    await untilHandled();
    expect(await readBacklog(db)).toMatchObject({ waiting: 0, dead: 1 });
    expect(purged()).toEqual(products(20));
  });

  test("of two processes one consumes; when it ends the other goes on at once", async () => {
    const [first, second] = [await startProcess(5_000), await startProcess(5_000)];
    await change(first, 1);
    await untilHandled();
    await opened.splice(0, 1)[0]?.end();
    await change(second, 2);
    await untilHandled();
    expect(purged()).toEqual(products(2));
    // if both consumed, each event would be purged twice; on a busy machine a lease may run out during one
    expect(edge.purges.length).toBeLessThan(4);
  });

  test("the machine's time of day may jump, there and back", async () => {
    const shop = await startProcess(5_000);
    for (const [index, jumpMs] of [1e12, -1e12, 0].entries()) {
      vi.useFakeTimers({ toFake: ["Date"], now: 1.7e12 + jumpMs });
      await change(shop, index + 1);
      await untilHandled();
    }
    expect(purged()).toEqual(products(3));
    expect(shop.reports).toEqual([]);
  });

  test("it ends although the edge does not answer, and what it did not finish is handled by the next", async () => {
    const shop = await startProcess();
    const asked = new Promise<void>((resolve) => {
      edge.answer = () => resolve();
    });
    await change(shop, 1);
    await asked;
    await opened.splice(0, 1)[0]?.end();
    expect((await readBacklog(db)).waiting).toBe(1);
    edge.answer = receipt;
    await startProcess();
    await untilHandled();
    expect(purged()).toEqual(products(1));
  });

  test("without Redis at the start events wait, and are handled when it comes", async () => {
    await redis.stop();
    const shop = await startProcess();
    await change(shop, 1);
    while (!shop.reports.some((line) => line.startsWith("events relay"))) await after(10);
    await redis.start();
    await untilHandled();
    expect(purged()).toEqual(products(1));
  });
});
