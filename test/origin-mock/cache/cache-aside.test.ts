// Proves the cache-aside against a real Redis: hits, useless entries, a dead server, and fills that raced an update.
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CacheAside } from "../../../origin-mock/cache/cache-aside.ts";
import { encodeEntry } from "../../../origin-mock/cache/envelope.ts";
import type { RedisPort } from "../../../origin-mock/cache/port.ts";
import { cacheCommands } from "../../../origin-mock/cache/redis.ts";
import { REMOVE } from "../../../origin-mock/cache/scripts.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import { ADDRESS, barrier, cacheOver, gatedLoad, KEY, never, query, quiet } from "../support/cache-scene.ts";
import { until } from "../../cli/until.ts";
import { openRedisRoom } from "../support/redis-room.ts";
import type { RedisRoom } from "../support/redis-room.ts";

let room: RedisRoom;
let redis: RedisPort;
let cache: CacheAside;

beforeAll(async () => {
  room = await openRedisRoom();
  redis = room.redis;
});
afterAll(() => room.close());
beforeEach(async () => {
  await room.command("FLUSHALL");
  cache = cacheOver(redis);
});

/** As if it had been filled: into the current generation. */
const plant = async (text: string): Promise<void> => {
  await cache.read(query(async () => "old"));
  await room.command("HSET", KEY, "variant:", text);
};
const exists = async (): Promise<boolean> => (await room.command("EXISTS", KEY)) === 1;
const lifetimeMs = async (): Promise<number> => Number(await room.command("PTTL", KEY));

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

  test("what does not exist, and what is not worth keeping, is not stored", async () => {
    expect(await cache.read(query(async () => undefined))).toMatchObject({ value: undefined, outcome: "miss" });
    await cache.read(query(async () => "", { keep: (value) => value !== "" }));
    expect(await cache.read(query(async () => "now"))).toMatchObject({ value: "now", outcome: "miss" });
  });

  test("that there is none is remembered as long as asked, and no longer", async () => {
    const negativeMs = 5_000;
    expect(await cache.read(query(async () => undefined, { negativeMs }))).toMatchObject({ outcome: "miss" });
    expect(await cache.read(query(never, { negativeMs }))).toMatchObject({ value: undefined, outcome: "hit" });
    expect(await cache.read(query(async () => "two", { variant: "2" }))).toMatchObject({ value: "two" });
    const absentUntilMs = Number(await room.command("HGET", KEY, "absent:"));
    const [seconds] = (await room.command("TIME")) as readonly string[];
    expect(Math.abs(absentUntilMs - Number(seconds) * 1_000 - negativeMs)).toBeLessThan(2_000);
    // Five seconds on.
    await room.command("HSET", KEY, "absent:", String(absentUntilMs - 5_001));
    expect(await cache.read(query(async () => "now"))).toMatchObject({ value: "now", outcome: "miss" });
    expect(await room.command("HEXISTS", KEY, "absent:")).toBe(0);
  });

  test("removing an address removes that it was absent", async () => {
    await cache.read(query(async () => undefined, { negativeMs: 5_000 }));
    await cache.remove([ADDRESS]);
    expect(await cache.read(query(async () => "now"))).toMatchObject({ value: "now", outcome: "miss" });
  });

  test("absence never replaces a fill", async () => {
    const absent = gatedLoad();
    const slow = cacheOver(redis).read(query(absent.load, { negativeMs: 5_000 }));
    await absent.began;
    // Out of patience at once, as if the first process had hung.
    await cacheOver(redis, { patienceMs: 0, pause: async () => undefined }).read(query(async () => "there"));
    absent.end(undefined);
    await slow;
    expect(await cache.read(query(never))).toMatchObject({ value: "there", outcome: "hit" });
    expect(await room.command("HEXISTS", KEY, "absent:")).toBe(0);
  });

  test.each([
    ["an entry", async () => "x"],
    ["an absence", async () => undefined],
  ])("%s never lives longer than the cache allows", async (_, load) => {
    await cacheOver(redis, { maxTtlMs: 20_000 }).read(query(load, { ttlMs: 86_400_000, negativeMs: 86_400_000 }));
    expect(await lifetimeMs()).toBeLessThanOrEqual(20_000);
    expect(await lifetimeMs()).toBeGreaterThan(10_000);
  });

  test("a value too large to be kept is answered all the same", async () => {
    const huge = "x".repeat(1024 * 1024);
    expect(await cache.read(query(async () => huge))).toMatchObject({ value: huge, outcome: "miss" });
    expect(await cache.read(query(async () => "small"))).toMatchObject({ value: "small", outcome: "miss" });
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
    const fields = await room.command("HKEYS", KEY);
    expect(Array.isArray(fields) && fields.filter((field) => String(field).startsWith("variant:")).length).toBe(500);
  });

  test.each([
    [0, 60_000],
    [0.999_999, 54_000],
  ])(
    "the lifetime has jitter: random %d gives about %d ms, and a later fill does not extend it",
    async (random, ms) => {
      const jittered = cacheOver(redis, { random: () => random });
      await jittered.read(query(async () => "x"));
      expect(Math.abs((await lifetimeMs()) - ms)).toBeLessThan(1_500);
      await room.command("PEXPIRE", KEY, "5000");
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
    await room.command("FLUSHALL");
    gate.resolve("old");
    await slow;
    expect(await exists()).toBe(false);
  });
});

/** Redis, but for removals: they go as told. */
const removing = (tell: (remove: () => Promise<unknown>) => Promise<unknown>): RedisPort => ({
  eval: (script, keys, args) => {
    const run = (): Promise<unknown> => redis.eval(script, keys, args);
    return script === REMOVE ? tell(run) : run();
  },
});

describe("an update in another process", () => {
  test("a read that begins after it does not join this process's older load", async () => {
    const [before, after] = [gatedLoad(), gatedLoad()];
    const slow = cache.read(query(before.load));
    await before.began;
    await cacheOver(await room.another()).remove([ADDRESS]);
    const next = cache.read(query(after.load));
    await after.began;
    before.end("old");
    after.end("new");
    expect(await slow).toMatchObject({ value: "old" });
    expect(await next).toMatchObject({ value: "new", outcome: "miss" });
    expect(await cache.read(query(never))).toMatchObject({ value: "new", outcome: "hit" });
  });

  test("nor when neither can ask Redis: it shares a load that begins later", async () => {
    const blind = cacheOver({ eval: () => Promise.reject(new Error("cut off")) });
    const [before, after] = [gatedLoad(), gatedLoad()];
    const slow = blind.read(query(before.load));
    await before.began;
    const next = [blind.read(query(after.load)), blind.read(query(after.load)), blind.read(query(after.load))];
    // All three have found no Redis.
    await turn();
    before.end("old");
    await after.began;
    after.end("new");
    expect(await slow).toMatchObject({ value: "old", outcome: "bypass" });
    for (const reading of await Promise.all(next)) expect(reading).toMatchObject({ value: "new", outcome: "bypass" });
    expect([before.calls(), after.calls()]).toEqual([1, 1]);
  });

  test("the failure of a load is not shared with those who came after it began", async () => {
    const blind = cacheOver({ eval: () => Promise.reject(new Error("cut off")) });
    const before = gatedLoad();
    const slow = blind.read(query(before.load));
    await before.began;
    const next = blind.read(query(async () => "new"));
    before.fail(new Error("down"));
    await expect(slow).rejects.toThrow("down");
    expect(await next).toMatchObject({ value: "new" });
  });
});

describe("Redis fails", () => {
  test("a deletion that is not confirmed keeps this process on the database until it is", async () => {
    let broken = false;
    const flaky = removing((remove) => (broken ? Promise.reject(new Error("cut off")) : remove()));
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
    const gated = removing(async () => {
      const gate = gates[calls];
      calls += 1;
      await (gate === undefined ? Promise.reject(new Error("cut off")) : gate.promise);
    });
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
    const flaky = removing((remove) => (broken ? Promise.reject(new Error("cut off")) : remove()));
    const careful = cacheOver(flaky);
    await careful.read(query(async () => "old"));
    await careful.remove([ADDRESS]);
    broken = false;
    await careful.settle();
    expect(await exists()).toBe(false);
  });

  test("a server that accepts and never answers costs a fraction of a second", async () => {
    const hasty = cacheOver(room.hasty);
    await hasty.read(query(async () => "old"));
    room.server.pause();
    const startMs = performance.now();
    expect(await hasty.read(query(async () => "fresh"))).toMatchObject({ value: "fresh", outcome: "bypass" });
    expect(performance.now() - startMs).toBeLessThan(5_000);
    room.server.resume();
    await until("Redis is asked again", () => exists().catch(() => undefined));
  });

  test("a stopped server means the database, at once; a new one is used again", async () => {
    const hasty = cacheOver(room.hasty);
    await room.server.stop();
    const startMs = performance.now();
    expect(await hasty.read(query(async () => "fresh"))).toMatchObject({ value: "fresh", outcome: "bypass" });
    expect((await hasty.remove([ADDRESS])).status).toBe("deferred");
    expect(performance.now() - startMs).toBeLessThan(5_000);
    await room.restart();
    expect(await hasty.read(query(async () => "fresh"))).toMatchObject({ outcome: "miss" });
    expect(await hasty.read(query(never))).toMatchObject({ outcome: "hit" });
  });

  test("opening a connection to nothing does not wait for ever", async () => {
    const startMs = performance.now();
    const nobody = await openRedis("redis://127.0.0.1:1", { ready: quiet, error: quiet });
    expect(performance.now() - startMs).toBeLessThan(10_000);
    await expect(cacheCommands(nobody).eval("return 1", [], [])).rejects.toMatchObject({ name: "RedisUnavailable" });
    await nobody.close();
  });
});
