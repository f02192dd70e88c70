// Proves the gateway's store against a real Redis: bytes back, purges by tag, and no fill that raced a purge ever served.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Answer } from "../../../origin-mock/gateway/answer.ts";
import { gatewayName } from "../../../origin-mock/gateway/names.ts";
import { gatewayCommands } from "../../../origin-mock/gateway/redis.ts";
import type { GatewayRedis } from "../../../origin-mock/gateway/port.ts";
import { createGatewayCache } from "../../../origin-mock/gateway/response-cache.ts";
import type { Fence, GatewayCache, Lookup } from "../../../origin-mock/gateway/response-cache.ts";
import { LOOK_UP, PURGE, STORE } from "../../../origin-mock/gateway/scripts.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { until } from "../../cli/until.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

const NAME = gatewayName("answer", "one");
const PURGES = gatewayName("purges", "");
const ANSWER: Answer = { status: 200, headers: [["etag", '"1"']], body: new Uint8Array([0, 255, 10]) };
const ALL = { tags: [], everything: true };
const quiet = (): void => undefined;
const barrier = <T = void>() => Promise.withResolvers<T>();

let server: TestRedis;
let connection: RedisConnection;
let redis: GatewayRedis;
let cache: GatewayCache;
let ready = barrier();
const cacheOver = (port: GatewayRedis): GatewayCache =>
  createGatewayCache({
    redis: port,
    randomHex: (bytes) => randomBytes(bytes).toString("hex"),
    payBehind: async () => undefined,
    report: quiet,
  });

beforeAll(async () => {
  server = await createTestRedis();
  connection = await openRedis(server.url, { ready: () => ready.resolve(), error: quiet });
  redis = gatewayCommands(connection);
});
afterAll(async () => {
  await connection.close();
  await server.remove();
});
beforeEach(async () => {
  await connection.run((client) => client.flushAll());
  cache = cacheOver(redis);
});

const fenceOf = (lookup: Lookup): Fence => {
  if (lookup.kind === "unknown") throw new Error("Redis does not answer");
  return lookup.fence;
};
const begin = async (of = cache): Promise<Fence> => fenceOf(await of.lookUp(NAME));
const store = (
  fence: Fence,
  more: { tags?: string[]; elapsedMs?: number; lifetimeMs?: number; of?: GatewayCache } = {},
) => {
  const { tags = [], elapsedMs = 0, lifetimeMs = 60_000, of = cache } = more;
  return of.store(NAME, { answer: ANSWER, tags, fence: { ...fence, atMs: fence.atMs - elapsedMs }, lifetimeMs });
};
const fill = async (tags: string[]): Promise<void> => store(await begin(), { tags });
const kind = async (of = cache): Promise<Lookup["kind"]> => (await of.lookUp(NAME)).kind;
const field = (name: string): Promise<string | null> => connection.run((client) => client.hGet(PURGES, name));

describe("storing", () => {
  test("what was stored comes back, to every process, byte by byte, with its age", async () => {
    await fill(["a"]);
    const lookup = await cacheOver(redis).lookUp(NAME);
    expect(lookup).toMatchObject({ kind: "hit", answer: ANSWER });
    expect(lookup.kind === "hit" && lookup.ageMs >= 0 && lookup.ageMs < 5_000).toBe(true);
  });

  test("the age counts from the beginning of the handler, and so does the lifetime", async () => {
    await store(await begin(), { elapsedMs: 20_000, lifetimeMs: 30_000 });
    const lookup = await cache.lookUp(NAME);
    expect(lookup.kind === "hit" && lookup.ageMs).toBeGreaterThanOrEqual(20_000);
    const left = await connection.run((client) => client.pTTL(NAME));
    expect(left > 5_000 && left <= 10_000).toBe(true);
    await connection.run((client) => client.del(NAME));
    await store(await begin(), { elapsedMs: 30_000, lifetimeMs: 30_000 });
    expect(await kind()).toBe("miss");
  });

  test("what Redis stored late, because it hung, is as old as it is", async () => {
    const fence = await begin();
    server.pause();
    // Until its deadline has passed.
    await store(fence, { lifetimeMs: 30_000 });
    server.resume();
    const aged = async () => {
      const lookup = await cache.lookUp(NAME);
      return lookup.kind === "hit" ? lookup.ageMs : undefined;
    };
    expect(await until("it is stored", aged)).toBeGreaterThanOrEqual(200);
  });

  test("an entry of the future, after the clock was set back, is a miss", async () => {
    await fill([]);
    await connection.run((client) => client.hSet(NAME, "born", String(Date.now() + 3_600_000)));
    expect(await kind()).toBe("miss");
  });

  test("what this version did not write is a miss", async () => {
    await fill([]);
    await connection.run((client) => client.hSet(NAME, "head", "{"));
    expect(await kind()).toBe("miss");
  });

  test("an answer with a thousand tags", async () => {
    const tags = Array.from({ length: 1_000 }, (_, i) => `tag ${i}`);
    await fill(tags);
    expect(await kind()).toBe("hit");
    await cache.invalidate({ tags: ["tag 999"], everything: false });
    expect(await kind()).toBe("miss");
  });
});

describe("purging", () => {
  test.each([
    ["one of its tags", { tags: ["x", "b"], everything: false }, "miss"],
    ["another tag", { tags: ["c", "a,b", "A"], everything: false }, "hit"],
    ["nothing", { tags: [], everything: false }, "hit"],
    ["everything", ALL, "miss"],
  ])("%s", async (_, what, expected) => {
    await fill(["a", "b"]);
    expect(await cache.invalidate(what)).toEqual({ status: "done", tags: what.tags.length });
    expect(await kind()).toBe(expected);
    // Answers made from now on are good again.
    await fill(["a", "b"]);
    expect(await kind()).toBe("hit");
  });

  test("no tag is taken for the store's own fields", async () => {
    await fill(["a"]);
    await cache.invalidate({ tags: ["seq", "floor", "incarnation", "tag:seq"], everything: false });
    expect([await kind(), await field("seq")]).toEqual(["hit", "1"]);
  });

  test("beyond ten thousand tags everything is purged, and the memory of tags with it", async () => {
    await fill(["kept"]);
    for (let batch = 0; batch < 10; batch += 1) {
      const tags = Array.from({ length: 1_000 }, (_, i) => `${batch}/${i}`);
      await cache.invalidate({ tags, everything: false });
    }
    expect(await connection.run((client) => client.hLen(PURGES))).toBeLessThan(10_000);
    expect(await kind()).toBe("miss");
    await fill(["kept"]);
    expect(await kind()).toBe("hit");
  });
});

describe("a fill that began before a purge and is stored after it is never served", () => {
  test.each([
    ["by a tag", { tags: ["a"], everything: false }],
    ["of everything", ALL],
  ])("%s, by this process and by another", async (_, what) => {
    for (const purger of [cache, cacheOver(redis)]) {
      const fence = await begin();
      await purger.invalidate(what);
      await store(fence, { tags: ["a"] });
      expect(await kind()).toBe("miss");
    }
  });

  // The store refuses it; and what a store let through (it cannot know a later purge) the lookup refuses.
  test("also where both were in Redis before the purge", async () => {
    const fence = await begin();
    await store(fence, { tags: ["a"] });
    await cache.invalidate({ tags: ["a"], everything: false });
    expect(await connection.run((client) => client.exists(NAME))).toBe(1);
    expect(await kind()).toBe("miss");
    await connection.run((client) => client.del(NAME));
    await store(fence, { tags: ["a"] });
    expect(await connection.run((client) => client.exists(NAME))).toBe(0);
  });

  test("when the memory of tags was given up in between", async () => {
    const fence = await begin();
    await cache.invalidate({ tags: ["a"], everything: false });
    await cache.invalidate({ tags: Array.from({ length: 10_001 }, (_, i) => `other/${i}`), everything: false });
    expect(await field("tag:a")).toBe(null);
    await store(fence, { tags: ["a"] });
    expect(await kind()).toBe("miss");
  });

  test("when Redis was restarted empty in between, and the numbers meet again", async () => {
    await cache.invalidate({ tags: ["a"], everything: false });
    const fence = await begin();
    await cache.invalidate({ tags: ["a"], everything: false });
    ready = barrier();
    await server.stop();
    await server.start();
    await ready.promise;
    await begin();
    await cache.invalidate({ tags: ["b"], everything: false });
    expect([fence.seq, await field("seq")]).toEqual(["1", "1"]);
    await store(fence, { tags: ["a"] });
    expect(await kind()).toBe("miss");
  });

  test("when Redis lost what was purged and kept the answer", async () => {
    await fill(["a"]);
    await cache.invalidate({ tags: ["a"], everything: false });
    await connection.run((client) => client.del(PURGES));
    expect([await kind(), await kind()]).toEqual(["miss", "miss"]);
  });

  test("in any order of beginnings, purges, endings and restarts", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("begin" as const), name: fc.integer({ min: 0, max: 2 }) }),
      fc.record({ do: fc.constant("end" as const), flight: fc.nat({ max: 5 }) }),
      fc.record({ do: fc.constant("purge" as const), tag: fc.constantFrom("t0", "t1", "t2", "*") }),
      fc.record({ do: fc.constant("forget" as const), what: fc.constantFrom("purges" as const, "all" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async (steps) => {
        await connection.run((client) => client.flushAll());
        // The model: a version per resource, raised by its purge; served answers must be of the current one.
        const versions = [0, 0, 0];
        const flights: { name: number; version: number; fence: Fence }[] = [];
        const nameOf = (name: number): string => gatewayName("answer", String(name));
        for (const each of steps) {
          if (each.do === "begin") {
            const fence = fenceOf(await cache.lookUp(nameOf(each.name)));
            flights.push({ name: each.name, version: versions[each.name] ?? 0, fence });
          } else if (each.do === "end") {
            const flight = flights[each.flight];
            if (flight === undefined) continue;
            const answer: Answer = { ...ANSWER, headers: [["version", String(flight.version)]] };
            const entry = { answer, tags: [`t${flight.name}`], lifetimeMs: 60_000, fence: flight.fence };
            await cache.store(nameOf(flight.name), entry);
          } else if (each.do === "purge") {
            for (const [i] of versions.entries())
              if (each.tag === "*" || each.tag === `t${i}`) versions[i] = (versions[i] ?? 0) + 1;
            await cache.invalidate({ tags: [each.tag], everything: each.tag === "*" });
          } else {
            if (each.what === "all") await connection.run((client) => client.flushAll());
            else await connection.run((client) => client.del(PURGES));
          }
          for (const [i, version] of versions.entries()) {
            const lookup = await cache.lookUp(nameOf(i));
            if (lookup.kind === "hit") expect(lookup.answer.headers).toEqual([["version", String(version)]]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("a Redis restored from an older snapshot", () => {
  const restart = async (): Promise<void> => {
    ready = barrier();
    await server.stop();
    await server.start();
    await ready.promise;
  };
  const save = (): Promise<unknown> => connection.run((client) => client.sendCommand(["SAVE"]), 10_000);
  afterAll(async () => {
    await connection.run((client) => client.flushAll());
    await save();
  });

  test("has the answer and not its purge: once the connection is settled it answers nothing of before", async () => {
    await fill(["a"]);
    await save();
    await cache.invalidate({ tags: ["a"], everything: false });
    await restart();
    expect(await connection.run((client) => client.exists(NAME))).toBe(1);
    // Not awaited: looking up waits for it.
    const settled = cache.settle();
    expect(await kind()).toBe("miss");
    await settled;
  });

  test("counts purges from where it was: a fill from behind a lost one is not taken for newer than the next", async () => {
    await begin();
    await save();
    for (const tag of ["b", "c"]) await cache.invalidate({ tags: [tag], everything: false });
    const fence = await begin();
    await restart();
    await cache.settle();
    await cache.invalidate({ tags: ["a"], everything: false });
    await store(fence, { tags: ["a"] });
    expect(await kind()).toBe("miss");
  });

  test("the same server is believed, whoever asks", async () => {
    await fill(["a"]);
    await Promise.all([cache.settle(), cacheOver(redis).settle()]);
    expect(await kind()).toBe("hit");
  });
});

describe("without Redis", () => {
  /** Its purges are cut off on the way while `broken`. */
  const flaky = () => {
    const state = { broken: true, scripts: [] as string[] };
    const port: GatewayRedis = {
      run(script, keys, args) {
        state.scripts.push(script);
        if (script === PURGE && state.broken) return Promise.reject(new Error("cut off"));
        return redis.run(script, keys, args);
      },
    };
    return { state, of: cacheOver(port) };
  };

  test("a purge that did not arrive is owed: this process serves nothing until it has", async () => {
    const { state, of } = flaky();
    await fill(["a"]);
    expect(await of.invalidate({ tags: ["a"], everything: false })).toEqual({ status: "failed", reason: "cut off" });
    expect(await kind(of)).toBe("unknown");
    state.broken = false;
    expect(await kind(of)).toBe("miss");
    expect(await kind()).toBe("miss");
  });

  test("it is not purged before what is behind it: it would be filled from there", async () => {
    const log: string[] = [];
    let behindFails = true;
    const of = createGatewayCache({
      redis: {
        run(script, keys, args) {
          if (script === PURGE) log.push("purged");
          return redis.run(script, keys, args);
        },
      },
      randomHex: (bytes) => randomBytes(bytes).toString("hex"),
      async payBehind() {
        log.push("behind");
        if (behindFails) throw new Error("it owes");
      },
      report: quiet,
    });
    await fill(["a"]);
    of.owe({ tags: ["a"], everything: false });
    expect([await kind(of), log]).toEqual(["unknown", ["behind"]]);
    behindFails = false;
    expect([await kind(of), log]).toEqual(["miss", ["behind", "behind", "purged"]]);
  });

  test("what is owed is purged before the next answer", async () => {
    await fill(["a"]);
    cache.owe({ tags: ["a"], everything: false });
    expect(await kind()).toBe("miss");
  });

  test("a server that is another than before, perhaps with an older memory, is believed nothing", async () => {
    await fill(["a"]);
    await cache.settle();
    expect(await kind()).toBe("hit");
    await connection.run((client) => client.hSet(PURGES, "server", "another"));
    await cache.settle();
    expect(await kind()).toBe("miss");
    await fill(["a"]);
    await cache.settle();
    expect(await kind()).toBe("hit");
  });

  test("a second purge made while the first was under way is not taken for done", async () => {
    const [gate, arrived] = [barrier(), barrier()];
    let purges = 0;
    const of = cacheOver({
      async run(script, keys, args) {
        if (script !== PURGE) return redis.run(script, keys, args);
        purges += 1;
        if (purges === 2) throw new Error("cut off");
        const reply = await redis.run(script, keys, args);
        if (purges === 1) arrived.resolve();
        if (purges === 1) await gate.promise;
        return reply;
      },
    });
    const first = of.invalidate({ tags: ["a"], everything: false });
    await arrived.promise;
    await fill(["a"]);
    expect((await of.invalidate({ tags: ["a"], everything: false })).status).toBe("failed");
    gate.resolve();
    await first;
    expect(await kind(of)).toBe("miss");
    expect(purges).toBe(3);
  });

  test("looking up, storing and purging never fail the caller", async () => {
    const fence = await begin();
    await server.stop();
    expect(await kind()).toBe("unknown");
    await store(fence);
    expect((await cache.invalidate(ALL)).status).toBe("failed");
    ready = barrier();
    await server.start();
    await ready.promise;
    expect(await kind()).toBe("miss");
  });

  test("each question is one round trip", async () => {
    const { state, of } = flaky();
    state.broken = false;
    await store(await begin(of), { of, tags: ["a"] });
    await of.invalidate({ tags: ["a", "b"], everything: false });
    expect(state.scripts).toEqual([LOOK_UP, STORE, PURGE]);
  });
});
