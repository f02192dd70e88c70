// Proves writing through: never over a newer change, whatever order two changes come in; and that what a policy tells the
// tiers agrees with itself.
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMultiTierCache } from "../../../origin-mock/cache/multi-tier-cache.ts";
import type { MultiTierCache } from "../../../origin-mock/cache/multi-tier-cache.ts";
import { SHOP_KEYS } from "../../../origin-mock/cache/key.ts";
import { definePolicy, policyHeaders, stalenessBoundMs } from "../../../origin-mock/cache/tier-policy.ts";
import type { TierPolicy } from "../../../origin-mock/cache/tier-policy.ts";
import { POLICY, TIER_POLICY } from "../../../origin-mock/http/policy.ts";
import { ADDRESS, barrier, cacheOver, gatedLoad, KEY, never, parseText } from "../support/cache-scene.ts";
import { openRedisRoom } from "../support/redis-room.ts";
import type { RedisRoom } from "../support/redis-room.ts";

const PRODUCT = definePolicy({
  audience: "public",
  application: 300,
  gateway: 300,
  cdn: 300,
  cdnStaleWhileRevalidate: 60,
  cdnStaleIfError: 3_600,
  browser: 10,
  vary: ["Accept-Language"],
});
const NOBODY = definePolicy({ audience: "nobody" });

let room: RedisRoom;
let tiers: MultiTierCache;
const over = (cache: ReturnType<typeof cacheOver>): MultiTierCache =>
  createMultiTierCache({ cache, monotonicMs: () => performance.now() });
beforeAll(async () => {
  room = await openRedisRoom();
});
afterAll(() => room.close());
beforeEach(async () => {
  await room.command("FLUSHALL");
  tiers = over(cacheOver(room.redis));
});

const get = (load: () => Promise<string | undefined>, more: { policy?: TierPolicy; variant?: string } = {}) =>
  tiers.get({ policy: PRODUCT, address: ADDRESS, variant: "", parse: parseText, load, ...more });
const change = { policy: PRODUCT, address: ADDRESS, variant: "" };

describe("writing through", () => {
  test("the next read hits, and other variants have fallen", async () => {
    await get(async () => "old");
    await get(async () => "alt", { variant: "de" });
    const fence = await tiers.fence(ADDRESS);
    expect(await tiers.set({ ...change, fence, value: "new" })).toEqual({ status: "written" });
    expect(await get(never)).toMatchObject({ value: "new", outcome: "hit" });
    expect(await get(async () => "neu", { variant: "de" })).toMatchObject({ value: "neu", outcome: "miss" });
    expect(Number(await room.command("PTTL", KEY))).toBeGreaterThan(290_000);
  });

  test("a load from before it is not kept", async () => {
    const source = gatedLoad();
    const slow = get(source.load);
    await source.began;
    const fence = await tiers.fence(ADDRESS);
    await tiers.set({ ...change, fence, value: "new" });
    source.end("old");
    await slow;
    expect(await get(never)).toMatchObject({ value: "new" });
  });

  const removed = { status: "removed", removal: { status: "done", keys: 1 } };
  test.each([
    ["a removal", () => cacheOver(room.redis).remove([ADDRESS])],
    ["the entity's removal", () => cacheOver(room.redis).removeEntities(["product"])],
    ["a bump", () => cacheOver(room.redis).bumpVersion()],
    ["an empty Redis", () => room.restart()],
    ["incarnations that were lost", () => room.command("DEL", SHOP_KEYS.incarnations)],
  ])("is refused after %s since the fence, and the address is removed", async (_, act) => {
    const fence = await tiers.fence(ADDRESS);
    await act();
    expect(await tiers.set({ ...change, fence, value: "stale" })).toEqual(removed);
    expect(await get(async () => "new")).toMatchObject({ value: "new", outcome: "miss" });
  });

  test.each([
    ["in their order", [0, 1]],
    ["the other way round", [1, 0]],
  ])("of two changes at once, written %s, the older never stays", async (_, order) => {
    // Both fences are taken, then both commit: row 0 first, row 1 last.
    const fences = [await tiers.fence(ADDRESS), await tiers.fence(ADDRESS)];
    for (const index of order) await tiers.set({ ...change, fence: fences[index], value: `row ${index}` });
    expect(await get(async () => "row 1")).toMatchObject({ value: "row 1" });
  });

  test("whatever two changes, reads and fills do at the same time, what is kept at the end is the row", async () => {
    // Each change takes its fence, commits, writes; each read looks, loads, fills. The steps come in any order.
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        await room.command("FLUSHALL");
        const processes = [0, 1, 2, 3].map(() => {
          const redis = { eval: scheduler.scheduleFunction(room.redis.eval) };
          return over(cacheOver(redis, { patienceMs: 0, pause: async () => undefined }));
        });
        let row = "row 0";
        const commit = scheduler.scheduleFunction(async (value: string) => void (row = value));
        const load = scheduler.scheduleFunction(async () => row);
        const update = async (one: MultiTierCache, value: string): Promise<void> => {
          const fence = await one.fence(ADDRESS);
          await commit(value);
          await one.set({ ...change, fence, value });
        };
        const read = (one: MultiTierCache) =>
          one.get({ policy: PRODUCT, address: ADDRESS, variant: "", parse: parseText, load });
        const [first, second, third, fourth] = processes;
        if (first === undefined || second === undefined || third === undefined || fourth === undefined) return;
        const all = Promise.all([
          update(first, "row 1"),
          update(second, "row 2"),
          read(third),
          read(fourth),
          read(third),
        ]);
        await scheduler.waitFor(all);
        expect(await get(async () => row)).toMatchObject({ value: row });
      }),
      { numRuns: 150 },
    );
  });

  test("without Redis it is owed as a removal", async () => {
    let broken = false;
    const flaky = over(
      cacheOver({
        eval: (...call) => (broken ? Promise.reject(new Error("cut off")) : room.redis.eval(...call)),
      }),
    );
    await get(async () => "old");
    const fence = await flaky.fence(ADDRESS);
    broken = true;
    expect(await flaky.set({ ...change, fence, value: "new" })).toEqual({
      status: "removed",
      removal: { status: "deferred", keys: 1, reason: "cut off" },
    });
    expect(await flaky.fence(ADDRESS)).toBeUndefined();
    broken = false;
    await flaky.fence(ADDRESS);
    expect(await get(async () => "new")).toMatchObject({ value: "new", outcome: "miss" });
  });

  test("what is too large, and what has no fence, is removed", async () => {
    await get(async () => "old");
    const fence = await tiers.fence(ADDRESS);
    expect(await tiers.set({ ...change, fence, value: "x".repeat(2 ** 20) })).toEqual(removed);
    expect(await tiers.set({ ...change, fence: undefined, value: "new" })).toEqual(removed);
    expect(await room.command("EXISTS", KEY)).toBe(0);
  });
});

test("what nobody may keep is read from the database each time, and Redis hears nothing of it", async () => {
  const gate = barrier<string>();
  gate.resolve("secret");
  for (const _ of [1, 2]) {
    expect(await get(() => gate.promise, { policy: NOBODY })).toMatchObject({ value: "secret", outcome: "bypass" });
  }
  expect(await room.command("DBSIZE")).toBe(0);
  expect(await tiers.set({ ...change, policy: NOBODY, fence: undefined, value: "x" })).toMatchObject({
    status: "removed",
  });
});

describe("a policy", () => {
  test("of products says what every tier may do with one", () => {
    expect(tiers.headers(TIER_POLICY.product, ["product:7", "products"])).toEqual({
      "Cache-Control": "public, max-age=10",
      "CDN-Cache-Control": "public, max-age=300, stale-while-revalidate=60, stale-if-error=3600",
      Vary: "Accept-Language",
      "Cache-Tag": "product:7,products",
    });
  });

  test("of private things lets shared caches keep nothing", () => {
    expect(policyHeaders(TIER_POLICY.profile, ["user:alice"])).toEqual({
      "Cache-Control": "private, max-age=30",
      Vary: "Authorization, Cookie",
      "Cache-Tag": "user:alice",
    });
    expect(policyHeaders(NOBODY, ["user:alice"])).toEqual(POLICY.secret);
  });

  test("of what differs by language says so", () => {
    const policy = definePolicy({ ...PRODUCT, vary: ["Accept-Language"] });
    expect(policyHeaders(policy, [])).toMatchObject({ Vary: "Accept-Language" });
    expect(policyHeaders(TIER_POLICY.rating, [])).not.toHaveProperty("Vary");
  });

  test.each([
    [{ ...PRODUCT, gateway: 301 }, "gateway (301) keeps longer than application (300)"],
    [{ ...PRODUCT, cdn: 5 }, "browser (10) keeps longer than cdn (5)"],
    [{ ...PRODUCT, application: 301 }, "application (301) is more than the cache keeps (300)"],
    [{ ...PRODUCT, browser: 1.5 }, "browser must be whole seconds"],
    [{ ...PRODUCT, cdnStaleIfError: -1 }, "staleIfError must be whole seconds"],
    [{ ...PRODUCT, vary: ["Accept Language"] }, '"Accept Language" is no field name'],
    [
      { audience: "private", application: 10, gateway: 0, browser: 10, vary: [] },
      "vary must name what tells people apart",
    ],
    [
      { audience: "private", application: 10, gateway: 0, browser: 11, vary: ["Cookie"] },
      "browser (11) keeps longer than application",
    ],
  ] as const satisfies readonly (readonly [TierPolicy, string])[])("%j is refused", (policy, reason) => {
    expect(() => definePolicy(policy)).toThrow(
      expect.objectContaining({ name: "InvalidArgument", message: expect.stringContaining(reason) }),
    );
  });

  test("names every fault at once", () => {
    expect(() => definePolicy({ ...PRODUCT, gateway: 400, browser: 500, vary: [" "] })).toThrow(
      /gateway \(400\).*browser \(500\).*no field name/,
    );
  });

  test.each(["a,b", "a b", "", "ü", "a\nb", "x".repeat(1_025)])("the tag %j is refused", (tag) => {
    expect(() => policyHeaders(PRODUCT, ["fine", tag])).toThrow(expect.objectContaining({ name: "InvalidArgument" }));
  });

  test("bounds how old an answer may be: by the sum of the lifetimes, or by the browser's after an invalidation", () => {
    expect(stalenessBoundMs(PRODUCT)).toEqual({ invalidated: 10_000, unheard: 970_000 });
    expect(
      stalenessBoundMs({ audience: "private", application: 60, gateway: 5, browser: 30, vary: ["Cookie"] }),
    ).toEqual({
      invalidated: 30_000,
      unheard: 95_000,
    });
    expect(stalenessBoundMs(NOBODY)).toEqual({ invalidated: 0, unheard: 0 });
  });

  // A model of the tiers: each takes over what the one inside holds, at the last moment it holds it.
  test("keeps its bound: a chain of caches that hear of nothing is never older", () => {
    const seconds = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(
        fc.tuple(seconds, seconds, seconds, seconds),
        seconds,
        fc.array(fc.integer({ min: 0, max: 2_000 })),
        (ages, swr, askedAt) => {
          const [application = 0, gateway = 0, cdn = 0, browser = 0] = [...ages].sort((one, two) => two - one);
          const policy = definePolicy({ ...PRODUCT, application, gateway, cdn, browser, cdnStaleWhileRevalidate: swr });
          const lifetimes = [application, gateway, cdn + swr, browser];
          const held: ({ readonly value: number; readonly sinceS: number } | undefined)[] = [];
          const ask = (tier: number, nowS: number): number => {
            if (tier < 0) return nowS;
            const one = held[tier];
            if (one !== undefined && nowS - one.sinceS < (lifetimes[tier] ?? 0)) return one.value;
            const value = ask(tier - 1, nowS);
            held[tier] = { value, sinceS: nowS };
            return value;
          };
          for (const nowS of [...askedAt].sort((one, two) => one - two)) {
            for (const tier of [0, 1, 2, 3]) {
              expect((nowS - ask(tier, nowS)) * 1_000).toBeLessThanOrEqual(stalenessBoundMs(policy).unheard);
            }
          }
        },
      ),
    );
  });
});
