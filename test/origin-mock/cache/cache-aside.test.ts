// Proves the cache-aside against a real Redis: hits, useless entries, a dead server, and fills that raced an update.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createCacheAside } from "../../../origin-mock/cache/cache-aside.ts";
import type { CacheAside, Query } from "../../../origin-mock/cache/cache-aside.ts";
import { encodeEntry } from "../../../origin-mock/cache/envelope.ts";
import { cacheKey } from "../../../origin-mock/cache/key.ts";
import type { RedisPort } from "../../../origin-mock/cache/port.ts";
import { cacheCommands } from "../../../origin-mock/cache/redis.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { until } from "../../cli/until.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

const ADDRESS = { entity: "product", id: "7" } as const;
const KEY = cacheKey(ADDRESS);
const quiet = (): void => undefined;
const parseText = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const query = (load: () => Promise<string | undefined>, more: Partial<Query<string>> = {}): Query<string> => ({
  address: ADDRESS,
  variant: "",
  ttlMs: 60_000,
  parse: parseText,
  load,
  ...more,
});
const never = (): Promise<string> => Promise.reject(new Error("the database was asked"));
const barrier = <T = void>() => Promise.withResolvers<T>();

let server: TestRedis;
let connection: RedisConnection;
let redis: RedisPort;
let ready = barrier();
const cacheOver = (port: RedisPort, random = (): number => 0): CacheAside =>
  createCacheAside({ redis: port, random, monotonicMs: () => performance.now(), report: quiet });
let cache: CacheAside;

beforeAll(async () => {
  server = await createTestRedis();
  connection = await openRedis(server.url, { ready: () => ready.resolve(), error: quiet });
  redis = cacheCommands(connection);
});
afterAll(async () => {
  await connection.close();
  await server.remove();
});
beforeEach(async () => {
  await redis.eval("return redis.call('FLUSHALL')", [], []);
  cache = cacheOver(redis);
});

const plant = (text: string): Promise<unknown> =>
  redis.eval("return redis.call('HSET', KEYS[1], 'generation', 'g', 'variant:', ARGV[1])", [KEY], [text]);
const exists = async (): Promise<boolean> =>
  (await redis.eval("return redis.call('EXISTS', KEYS[1])", [KEY], [])) === 1;
const lifetimeMs = async (): Promise<number> =>
  Number(await redis.eval("return redis.call('PTTL', KEYS[1])", [KEY], []));

describe("reading", () => {
  test("a miss asks the database, the next read is a hit", async () => {
    expect(await cache.read(query(async () => "old"))).toMatchObject({ value: "old", outcome: "miss" });
    expect(await cache.read(query(never))).toMatchObject({ value: "old", outcome: "hit", databaseMs: undefined });
  });

  test.each([
    ["garbage", "{{{"],
    ["JSON of another shape", "[1,2]"],
    ["an older format version", JSON.stringify({ format: 0, value: "old" })],
    ["a newer format version", JSON.stringify({ format: 2, value: "old" })],
    ["a value the reader does not recognise", encodeEntry(42)],
    ["nothing", ""],
  ])("%s is a miss and is replaced", async (_, text) => {
    await plant(text);
    expect(await cache.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "miss" });
    expect(await cache.read(query(never))).toMatchObject({ value: "new", outcome: "hit" });
  });

  test("a key of another Redis type is a miss and is replaced", async () => {
    await redis.set(KEY, "text", 60_000);
    expect(await cache.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "miss" });
    expect(await cache.read(query(never))).toMatchObject({ outcome: "hit" });
  });

  test("what does not exist, and what is not worth keeping, is not stored", async () => {
    expect(await cache.read(query(async () => undefined))).toMatchObject({ value: undefined, outcome: "miss" });
    await cache.read(query(async () => "", { keep: (value) => value !== "" }));
    expect(await cache.read(query(async () => "now"))).toMatchObject({ value: "now", outcome: "miss" });
  });

  test("variants are apart, and fall together", async () => {
    await cache.read(query(async () => "one", { variant: "1" }));
    await cache.read(query(async () => "two", { variant: "2" }));
    expect(await cache.read(query(never, { variant: "1" }))).toMatchObject({ value: "one", outcome: "hit" });
    await cache.remove([ADDRESS]);
    expect(await cache.read(query(async () => "new", { variant: "2" }))).toMatchObject({ outcome: "miss" });
  });

  test("the number of variants is bounded", async () => {
    for (let page = 0; page < 520; page += 1) await cache.read(query(async () => "x", { variant: String(page) }));
    expect(Number(await redis.eval("return redis.call('HLEN', KEYS[1])", [KEY], []))).toBe(501);
  });

  test.each([
    [0, 60_000],
    [0.999_999, 54_000],
  ])(
    "the lifetime has jitter: random %d gives about %d ms, and a later fill does not extend it",
    async (random, ms) => {
      const jittered = cacheOver(redis, () => random);
      await jittered.read(query(async () => "x"));
      expect(Math.abs((await lifetimeMs()) - ms)).toBeLessThan(1_500);
      await redis.eval("return redis.call('PEXPIRE', KEYS[1], 5000)", [KEY], []);
      await jittered.read(query(async () => "y", { variant: "2" }));
      expect(await lifetimeMs()).toBeLessThanOrEqual(5_000);
    },
  );

  test("concurrent misses ask the database once", async () => {
    const gate = barrier<string>();
    let loads = 0;
    const load = (): Promise<string> => {
      loads += 1;
      return gate.promise;
    };
    const readings = Array.from({ length: 50 }, () => cache.read(query(load)));
    gate.resolve("shared");
    const values = (await Promise.all(readings)).map(({ value }) => value);
    expect(new Set(values)).toEqual(new Set(["shared"]));
    expect(loads).toBe(1);
  });

  test("a database error reaches every caller and is not remembered", async () => {
    const failing = query(() => Promise.reject(new Error("down")));
    await expect(Promise.all([cache.read(failing), cache.read(failing)])).rejects.toThrow("down");
    expect(await cache.read(query(async () => "up"))).toMatchObject({ value: "up" });
  });
});

describe("an update while a read is under way", () => {
  test("the read that began before it does not put the old row back", async () => {
    const loading = barrier();
    const gate = barrier<string>();
    const slow = cache.read(
      query(() => {
        loading.resolve();
        return gate.promise;
      }),
    );
    await loading.promise;
    expect(await cache.remove([ADDRESS])).toEqual({ status: "done", keys: 1 });
    gate.resolve("old");
    expect(await slow).toMatchObject({ value: "old" });
    expect(await cache.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "miss" });
    expect(await cache.read(query(never))).toMatchObject({ value: "new", outcome: "hit" });
  });

  test("nor after another read has founded a new generation, in another process", async () => {
    const loading = barrier();
    const gate = barrier<string>();
    const other = cacheOver(redis);
    const slow = other.read(
      query(() => {
        loading.resolve();
        return gate.promise;
      }),
    );
    await loading.promise;
    await cache.remove([ADDRESS]);
    await cache.read(query(async () => "new"));
    gate.resolve("old");
    await slow;
    expect(await cache.read(query(never))).toMatchObject({ value: "new", outcome: "hit" });
  });

  test("a read that begins after it does not join one that began before", async () => {
    const loading = barrier();
    const gate = barrier<string>();
    const slow = cache.read(
      query(() => {
        loading.resolve();
        return gate.promise;
      }),
    );
    await loading.promise;
    await cache.remove([ADDRESS]);
    expect(await cache.read(query(async () => "new"))).toMatchObject({ value: "new" });
    gate.resolve("old");
    await slow;
  });

  test("a generation that was lost is not filled", async () => {
    const gate = barrier<string>();
    const loading = barrier();
    const slow = cache.read(
      query(() => {
        loading.resolve();
        return gate.promise;
      }),
    );
    await loading.promise;
    await redis.eval("return redis.call('FLUSHALL')", [], []);
    gate.resolve("old");
    await slow;
    expect(await exists()).toBe(false);
  });
});

describe("Redis fails", () => {
  test("a deletion that is not confirmed keeps this process on the database until it is", async () => {
    let broken = false;
    const flaky: RedisPort = {
      ...redis,
      del: (keys) => (broken ? Promise.reject(new Error("cut off")) : redis.del(keys)),
    };
    const careful = cacheOver(flaky);
    await careful.read(query(async () => "old"));
    broken = true;
    expect(await careful.remove([ADDRESS])).toEqual({ status: "deferred", keys: 1, reason: "cut off" });
    expect(await exists()).toBe(true);
    expect(await careful.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "bypass" });
    broken = false;
    expect(await careful.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "miss" });
    expect(await careful.read(query(never))).toMatchObject({ value: "new", outcome: "hit" });
  });

  test("the confirmation of an earlier deletion does not confirm a later one", async () => {
    const gates = [barrier(), barrier()];
    let calls = 0;
    const gated: RedisPort = {
      ...redis,
      async del() {
        const gate = gates[calls];
        calls += 1;
        await (gate === undefined ? Promise.reject(new Error("cut off")) : gate.promise);
      },
    };
    const careful = cacheOver(gated);
    await careful.read(query(async () => "old"));
    const first = careful.remove([ADDRESS]);
    const second = careful.remove([ADDRESS]);
    gates[0]?.resolve();
    gates[1]?.reject(new Error("cut off"));
    expect([(await first).status, (await second).status]).toEqual(["done", "deferred"]);
    expect(await careful.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "bypass" });
  });

  test("settling deletes what was deferred, without waiting for a read", async () => {
    let broken = true;
    const flaky: RedisPort = {
      ...redis,
      del: (keys) => (broken ? Promise.reject(new Error("cut off")) : redis.del(keys)),
    };
    const careful = cacheOver(flaky);
    await careful.read(query(async () => "old"));
    await careful.remove([ADDRESS]);
    broken = false;
    await careful.settle();
    expect(await exists()).toBe(false);
  });

  test("a server that accepts and never answers costs a fraction of a second", async () => {
    await cache.read(query(async () => "old"));
    server.pause();
    const startMs = performance.now();
    expect(await cache.read(query(async () => "fresh"))).toMatchObject({ value: "fresh", outcome: "bypass" });
    expect(performance.now() - startMs).toBeLessThan(1_000);
    server.resume();
    await until("Redis is asked again", () => exists().catch(() => undefined));
  });

  test("a stopped server means the database, at once; a new one is used again", async () => {
    await server.stop();
    const startMs = performance.now();
    expect(await cache.read(query(async () => "fresh"))).toMatchObject({ value: "fresh", outcome: "bypass" });
    expect((await cache.remove([ADDRESS])).status).toBe("deferred");
    expect(performance.now() - startMs).toBeLessThan(1_000);
    ready = barrier();
    await server.start();
    await ready.promise;
    expect(await cache.read(query(async () => "fresh"))).toMatchObject({ outcome: "miss" });
    expect(await cache.read(query(never))).toMatchObject({ outcome: "hit" });
  });

  test("opening a connection to nothing does not wait for ever", async () => {
    const startMs = performance.now();
    const nobody = await openRedis("redis://127.0.0.1:1", { ready: quiet, error: quiet });
    expect(performance.now() - startMs).toBeLessThan(3_000);
    await expect(cacheCommands(nobody).getAndTouch("x", 1_000)).rejects.toMatchObject({ name: "RedisUnavailable" });
    await nobody.close();
  });
});
