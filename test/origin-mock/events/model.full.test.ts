// Proves order and completeness over random histories: changes, outages, refusals, crashes, lost memory, two consumers at once.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrate } from "../../../origin-mock/db/migrate.ts";
import { listDead, readBacklog } from "../../../origin-mock/db/outbox.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import type { ShopEvent } from "../../../origin-mock/events/event.ts";
import { createHandleEvents } from "../../../origin-mock/events/handle.ts";
import { STREAM_KEY } from "../../../origin-mock/events/redis.ts";
import { createMultiTierInvalidation } from "../../../origin-mock/invalidation/multi-tier.ts";
import type { PurgeCdn, Removal } from "../../../origin-mock/invalidation/port.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { DATABASES } from "../support/databases.ts";
import { happen, openEvents, updated } from "../support/events.ts";
import type { TestEvents } from "../support/events.ts";
import { createLedger, keepsOrder } from "../support/ledger.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

const quiet = (): void => undefined;
const DONE = async (): Promise<Removal> => ({ status: "done", keys: 1 });
const PRODUCTS = 3;

const MOVES = [
  ...Array<"change">(5).fill("change"),
  ...Array<"sell">(3).fill("sell"),
  ...Array<"work">(5).fill("work"),
  ...Array<"wait">(2).fill("wait"),
  "relay",
  "step",
  "crash",
  "edge away",
  "edge back",
  "edge refuses one",
  "edge refuses none",
  "Redis empty",
  "stream trimmed",
  "sweep",
  "two at once",
] as const;
type Move = { readonly what: (typeof MOVES)[number]; readonly product: number };

const historyOf = (kinds: readonly Move["what"][]): fc.Arbitrary<readonly Move[]> =>
  fc.array(fc.record({ what: fc.constantFrom(...kinds), product: fc.integer({ min: 1, max: PRODUCTS }) }), {
    minLength: 10,
    maxLength: 60,
  });

/** The edge, and what has been purged there. */
const createEdge = () => {
  const state = { away: false, refused: 0 };
  const purge: PurgeCdn = async (tags) => {
    if (state.away) return { status: "failed", failure: "temporary", reason: "away", tags };
    if (tags.includes(`product:${state.refused}`)) return { status: "failed", failure: "refused", reason: "no", tags };
    return { status: "done", tags, seq: 1 };
  };
  return { state, purge };
};

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

  const createWorld = () => {
    const ledger = createLedger();
    const edge = createEdge();
    const happened = new Map<number, string[]>();
    const start = (): TestEvents => {
      const invalidation = createMultiTierInvalidation({
        application: { remove: DONE, removeEntities: DONE, bumpVersion: DONE },
        gateway: { owe: () => undefined, invalidate: async ({ tags }) => ({ status: "done", tags: tags.length }) },
        cdn: edge.purge,
      });
      const handle = createHandleEvents({ invalidation, refreshCategoryTotals: async () => undefined });
      return openEvents({ db: ledger.watchDatabase(db), connection, handle: ledger.watchHandle(handle) });
    };
    let events = start();
    const record = async (product: number, event: ShopEvent): Promise<void> => {
      happened.set(product, [...(happened.get(product) ?? []), await happen(db, event)]);
    };
    const play = async ({ what, product }: Move): Promise<unknown> => {
      switch (what) {
        case "change":
          return record(product, updated(product));
        case "sell":
          return record(product, { type: "inventory.updated", id: product, categories: ["bath"] });
        case "work":
          await events.relay();
          return events.step().catch(quiet);
        case "relay":
          return events.relay();
        case "step":
          // No group yet after the stream was lost: the next step makes one.
          return events.step().catch(quiet);
        case "wait":
          return events.advance(product * 1_000);
        case "crash":
          return (events = start());
        case "edge away":
          return (edge.state.away = true);
        case "edge back":
          return (edge.state.away = false);
        case "edge refuses one":
          return (edge.state.refused = product);
        case "edge refuses none":
          return (edge.state.refused = 0);
        case "Redis empty":
          return connection.run((client) => client.flushAll());
        case "stream trimmed":
          return connection.run((client) => client.xTrim(STREAM_KEY, "MAXLEN", 1));
        case "sweep":
          return events.sweep();
        case "two at once": {
          const other = start();
          const together = [events.relay(), other.relay(), events.step(), other.step()];
          return Promise.allSettled(together);
        }
      }
    };
    /** The edge is back and takes everything; time passes. */
    const finish = async (): Promise<void> => {
      Object.assign(edge.state, { away: false, refused: 0 });
      events = start();
      await events.sweep();
      await events.settle();
    };
    return { ledger, happened, play, finish };
  };

  const play = async (history: readonly Move[]) => {
    await connection.run((client) => client.flushAll());
    await db.script("DELETE FROM outbox");
    const world = createWorld();
    for (const move of history) await world.play(move);
    await world.finish();
    const dead = new Set((await listDead(db, 100)).map(({ id }) => id));
    expect(await readBacklog(db)).toMatchObject({ waiting: 0 });
    expect(await connection.run((client) => client.xLen(STREAM_KEY))).toBe(0);
    const all = [...world.happened.values()].flat();
    expect(all.filter((id) => !dead.has(id) && !world.ledger.handled.includes(id))).toEqual([]);
    return world;
  };

  test("every event is handled or a dead letter, and each entity's in order", { timeout: 120_000 }, async () => {
    const history = historyOf(MOVES.filter((kind) => kind !== "two at once"));
    await fc.assert(
      fc.asyncProperty(history, async (moves) => {
        const { happened, ledger } = await play(moves);
        for (const ids of happened.values()) expect(keepsOrder(ledger.marked, ids)).toBe(true);
      }),
      { numRuns: 120 },
    );
  });

  // The slower one may do once more what the quicker one has done and gone on from: harmless, so only the first times have an order.
  test("two consumers at once lose nothing", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(historyOf([...MOVES, "two at once", "two at once"]), async (moves) => {
        const { happened, ledger } = await play(moves);
        const firsts = [...new Set(ledger.marked)];
        for (const ids of happened.values()) expect(keepsOrder(firsts, ids)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
