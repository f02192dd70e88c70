// Proves the read of many: round trips, loads, fences, absences, and Redis away.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createMultiTierCache } from "../../../origin-mock/cache/multi-tier-cache.ts";
import { TIER_POLICY } from "../../../origin-mock/http/policy.ts";
import { createRatings, ratingAddress } from "../../../origin-mock/cache/aggregates.ts";
import { parseRating } from "../../../origin-mock/catalogue/rating.ts";
import type { CacheAside } from "../../../origin-mock/cache/cache-aside.ts";
import type { ManyQuery } from "../../../origin-mock/cache/read-many.ts";
import { barrier, cacheOver, parseText, query } from "../support/cache-scene.ts";
import { openRedisRoom } from "../support/redis-room.ts";
import type { RedisRoom } from "../support/redis-room.ts";

let room: RedisRoom;
let cache: CacheAside;
let trips = 0;
beforeAll(async () => {
  room = await openRedisRoom();
});
afterAll(() => room.close());
beforeEach(async () => {
  await room.command("FLUSHALL");
  trips = 0;
  cache = cacheOver({
    eval: (script, keys, args) => {
      trips += 1;
      return room.redis.eval(script, keys, args);
    },
  });
});

const asked: (readonly string[])[] = [];
beforeEach(() => void asked.splice(0));
const many = (ids: readonly string[], more: Partial<ManyQuery<string>> = {}): ManyQuery<string> => ({
  entity: "product",
  ids,
  variant: "",
  ttlMs: 60_000,
  parse: parseText,
  load: async (missing) => {
    asked.push(missing);
    return new Map(missing.map((id) => [id, `row ${id}`]));
  },
  ...more,
});
const rows = (...ids: readonly string[]): ReadonlyMap<string, string> => new Map(ids.map((id) => [id, `row ${id}`]));

test("hits cost one round trip; misses one load and one more trip", async () => {
  expect(await cache.readMany(many(["1", "2"]))).toMatchObject({ values: rows("1", "2"), outcome: "miss", hits: 0 });
  expect(trips).toBe(2);
  const mixed = await cache.readMany(many(["1", "3", "2", "4", "3"]));
  expect([...mixed.values].sort()).toEqual([...rows("1", "2", "3", "4")]);
  expect(mixed).toMatchObject({ outcome: "miss", hits: 2 });
  expect(asked).toEqual([
    ["1", "2"],
    ["3", "4"],
  ]);
  trips = 0;
  expect(await cache.readMany(many(["4", "3", "2", "1"]))).toMatchObject({
    outcome: "hit",
    hits: 4,
    databaseMs: undefined,
  });
  expect(trips).toBe(1);
  expect(asked).toHaveLength(2);
});

test("of nothing it asks nobody", async () => {
  expect(await cache.readMany(many([]))).toMatchObject({ values: new Map(), outcome: "hit" });
  expect([trips, asked]).toEqual([0, []]);
});

test("shares its entries with reads of one, variant by variant", async () => {
  await cache.readMany(many(["7"]));
  expect(await cache.read(query(async () => "other"))).toMatchObject({ value: "row 7", outcome: "hit" });
  expect(await cache.readMany(many(["7"], { variant: "de" }))).toMatchObject({ outcome: "miss" });
});

test("what a load does not have is remembered as absent when asked to be", async () => {
  const load = async (ids: readonly string[]) => {
    asked.push(ids);
    return rows("1");
  };
  await cache.readMany(many(["1", "2"], { load, negativeMs: 5_000 }));
  expect(await cache.readMany(many(["1", "2"], { load }))).toMatchObject({
    values: rows("1"),
    outcome: "hit",
    hits: 2,
  });
  await cache.remove([{ entity: "product", id: "2" }]);
  expect(await cache.readMany(many(["1", "2"]))).toMatchObject({ values: rows("1", "2"), hits: 1 });
  expect(asked).toEqual([["1", "2"], ["2"]]);
});

test("only the ids removed meanwhile are not filled", async () => {
  const [began, gate] = [barrier(), barrier()];
  const slow = cache.readMany(
    many(["1", "2"], {
      load: async (ids) => {
        began.resolve();
        await gate.promise;
        return new Map(ids.map((id) => [id, "old"]));
      },
    }),
  );
  await began.promise;
  await cacheOver(await room.another()).remove([{ entity: "product", id: "2" }]);
  gate.resolve();
  await slow;
  const after = await cache.readMany(many(["1", "2"]));
  expect(after).toMatchObject({ hits: 1 });
  expect(Object.fromEntries(after.values)).toEqual({ 1: "old", 2: "row 2" });
});

test.each(["removeEntities", "bumpVersion"] as const)("none is filled after %s", async (what) => {
  const slow = cache.readMany(
    many(["1", "2"], {
      load: async (ids) => {
        const other = cacheOver(room.redis);
        await (what === "bumpVersion" ? other.bumpVersion() : other.removeEntities(["product"]));
        return new Map(ids.map((id) => [id, "old"]));
      },
    }),
  );
  await slow;
  expect(await cache.readMany(many(["1", "2"]))).toMatchObject({ values: rows("1", "2"), hits: 0 });
});

test("without Redis everything is one load", async () => {
  const blind = cacheOver({ eval: () => Promise.reject(new Error("cut off")) });
  expect(await blind.readMany(many(["1", "2"]))).toMatchObject({ values: rows("1", "2"), outcome: "bypass", hits: 0 });
  expect(asked).toEqual([["1", "2"]]);
});

test("a failed load rejects and leaves nothing", async () => {
  await expect(cache.readMany(many(["1"], { load: () => Promise.reject(new Error("down")) }))).rejects.toThrow("down");
  expect(await cache.readMany(many(["1"]))).toMatchObject({ outcome: "miss" });
});

test("ratings: one load for a page, unrated products are not asked for again, and one falls by its address", async () => {
  const loads: (readonly number[])[] = [];
  const ratings = createRatings({
    cache: createMultiTierCache({ cache, monotonicMs: () => performance.now() }),
    policy: TIER_POLICY.rating,
    load: async (ids) => {
      loads.push(ids);
      return new Map(ids.filter((id) => id !== 3).map((id) => [id, { average: 4.5, count: id }]));
    },
  });
  await ratings.of([1, 2, 3]);
  const page = await ratings.of([1, 2, 3]);
  expect(page.outcome).toBe("hit");
  expect(Object.fromEntries(page.values)).toEqual({ 1: { average: 4.5, count: 1 }, 2: { average: 4.5, count: 2 } });
  await cache.remove([ratingAddress(2)]);
  await ratings.of([1, 2, 3]);
  expect(loads).toEqual([[1, 2, 3], [2]]);
});

test.each([
  null,
  {},
  [],
  { average: 0, count: 1 },
  { average: 6, count: 1 },
  { average: 4, count: 0 },
  { average: 4, count: 1.5 },
  { average: "4", count: 1 },
])("%j is no rating", (value) => {
  expect(parseRating(value)).toBeUndefined();
});
