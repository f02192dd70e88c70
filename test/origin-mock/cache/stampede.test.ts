// Proves that one cold entry costs one load, however many processes read it, and that a holder that dies, fails or hangs
// keeps nobody for ever.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ADDRESS, barrier, cacheOver, gatedLoad, KEY, never, query } from "../support/cache-scene.ts";
import { openRedisRoom } from "../support/redis-room.ts";
import type { RedisRoom } from "../support/redis-room.ts";

let room: RedisRoom;
beforeAll(async () => {
  room = await openRedisRoom();
});
afterAll(() => room.close());
beforeEach(async () => {
  await room.command("FLUSHALL");
});

const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
const leaseText = async (): Promise<string> => String(await room.command("HGET", KEY, "lease:"));
/** Redis's own clock, in milliseconds. */
const redisNowMs = async (): Promise<number> => {
  const [seconds, micros] = (await room.command("TIME")) as readonly string[];
  return Number(seconds) * 1_000 + Number(micros) / 1_000;
};

/** A process that waits as long as it is told. */
const waitingProcess = async (more: { readonly patienceMs?: number; readonly leaseMs?: number } = {}) => {
  const [paused, go] = [barrier(), barrier()];
  const pauses: number[] = [];
  const pause = (ms: number): Promise<void> => {
    pauses.push(ms);
    paused.resolve();
    return go.promise;
  };
  return { cache: cacheOver(await room.another(), { pause, ...more }), paused: paused.promise, go: go.resolve, pauses };
};

describe("several processes, one cold entry", () => {
  test("load once", async () => {
    const processes = await Promise.all(range(8).map(() => waitingProcess()));
    const source = gatedLoad();
    const readings = processes.map(({ cache }) => cache.read(query(source.load)));
    await source.began;
    // Which of them loads is Redis's choice: the others are as many as wait.
    const waiting = barrier();
    let paused = 0;
    for (const one of processes) {
      void one.paused.then(() => {
        paused += 1;
        if (paused === processes.length - 1) waiting.resolve();
      });
    }
    await waiting.promise;
    source.end("shared");
    const holder = await Promise.race(readings);
    expect(holder).toMatchObject({ value: "shared", outcome: "miss" });
    for (const { go } of processes) go();
    const outcomes = (await Promise.all(readings)).map(({ value, outcome }) => `${value} ${outcome}`);
    expect(outcomes.sort()).toEqual([...range(7).map(() => "shared hit"), "shared miss"]);
    expect(source.calls()).toBe(1);
  });

  test("a hundred readers of one process ask Redis again as one", async () => {
    const holder = cacheOver(room.redis);
    const source = gatedLoad();
    const slow = holder.read(query(source.load));
    await source.began;
    const other = await waitingProcess();
    const readings = range(100).map(() => other.cache.read(query(never)));
    await other.paused;
    source.end("shared");
    await slow;
    other.go();
    for (const reading of await Promise.all(readings))
      expect(reading).toMatchObject({ value: "shared", outcome: "hit" });
    expect(other.pauses).toHaveLength(1);
  });

  test("the holder's failure lets the next one load at once", async () => {
    const source = gatedLoad();
    const failing = cacheOver(room.redis).read(query(source.load));
    await source.began;
    const next = await waitingProcess();
    const reading = next.cache.read(query(async () => "better"));
    await next.paused;
    source.fail(new Error("down"));
    await expect(failing).rejects.toThrow("down");
    next.go();
    expect(await reading).toMatchObject({ value: "better", outcome: "miss" });
    expect(next.pauses).toHaveLength(1);
  });

  test("a holder that is gone is followed when its lease is over, by Redis's clock, and by one only", async () => {
    const leaseMs = 150;
    const gone = gatedLoad();
    void cacheOver(room.redis, { leaseMs }).read(query(gone.load));
    await gone.began;
    const overMs = Number((await leaseText()).split(" ")[0]);
    const followed = barrier();
    // Time passes by asking for it; whoever finds the next holder waits for its fill.
    const pause = async (): Promise<void> => {
      if ((await redisNowMs()) >= overMs) await followed.promise;
      while ((await redisNowMs()) < overMs);
    };
    const next = gatedLoad();
    const [one, two] = [await room.another(), await room.another()].map((redis) =>
      cacheOver(redis, { leaseMs, pause }),
    );
    const first = one?.read(query(next.load));
    const second = two?.read(query(next.load));
    await next.began;
    expect(await redisNowMs()).toBeGreaterThanOrEqual(overMs);
    next.end("new");
    const holder = await Promise.race([first, second]);
    expect(holder).toMatchObject({ value: "new", outcome: "miss" });
    followed.resolve();
    expect([(await first)?.value, (await second)?.value]).toEqual(["new", "new"]);
    expect(next.calls()).toBe(1);
    // The first holder was only slow.
    gone.end("old");
    expect(await cacheOver(room.redis).read(query(never))).toMatchObject({ value: "new", outcome: "hit" });
  });

  test("out of patience a reader loads by itself, and the slower, older load does not replace what it filled", async () => {
    const source = gatedLoad();
    const slow = cacheOver(room.redis).read(query(source.load));
    await source.began;
    const held = await leaseText();
    const pauses: number[] = [];
    const pause = async (ms: number): Promise<void> => void pauses.push(ms);
    const impatient = cacheOver(await room.another(), { pause, patienceMs: 300 });
    expect(await impatient.read(query(async () => "newer"))).toMatchObject({ value: "newer", outcome: "miss" });
    expect(pauses).toEqual([5, 10, 20, ...range(7).map(() => 40)]);
    expect(await leaseText()).toBe(held);
    source.end("older");
    expect(await slow).toMatchObject({ value: "older" });
    expect(await cacheOver(room.redis).read(query(never))).toMatchObject({ value: "newer" });
  });

  test("pauses have jitter", async () => {
    const source = gatedLoad();
    void cacheOver(room.redis).read(query(source.load));
    await source.began;
    const pauses: number[] = [];
    const pause = async (ms: number): Promise<void> => void pauses.push(ms);
    await cacheOver(room.redis, { pause, patienceMs: 30, random: () => 0.5 }).read(query(async () => "x"));
    expect(pauses).toEqual([7.5, 15, 30]);
  });

  test("nobody queues behind loads whose answer cannot be kept", async () => {
    await cacheOver(room.redis).read(query(async () => undefined));
    const sources = [gatedLoad(), gatedLoad()];
    const others = await Promise.all(sources.map(() => waitingProcess()));
    const readings = others.map(({ cache }, index) => cache.read(query(sources[index]?.load ?? never)));
    // Both at the same time.
    await Promise.all(sources.map(({ began }) => began));
    for (const source of sources) source.end("now");
    await Promise.all(readings);
    expect(others.flatMap(({ pauses }) => pauses)).toEqual([]);
    // Every storable value is stored.
    expect(await cacheOver(room.redis).read(query(never))).toMatchObject({ value: "now" });
  });

  test("a removal frees the address: the next read does not wait for a load from before it", async () => {
    const source = gatedLoad();
    const slow = cacheOver(room.redis).read(query(source.load));
    await source.began;
    const other = await waitingProcess();
    await other.cache.remove([ADDRESS]);
    expect(await other.cache.read(query(async () => "new"))).toMatchObject({ value: "new", outcome: "miss" });
    expect(other.pauses).toEqual([]);
    source.end("old");
    await slow;
    expect(await other.cache.read(query(never))).toMatchObject({ value: "new" });
  });

  test("a lease from before Redis's clock was set back binds nobody", async () => {
    const source = gatedLoad();
    void cacheOver(room.redis).read(query(source.load));
    await source.began;
    await room.command("HSET", KEY, "lease:", `${(await redisNowMs()) + 3_600_000} somebody`.replace(/\.\d+/, ""));
    const other = await waitingProcess();
    expect(await other.cache.read(query(async () => "now"))).toMatchObject({ value: "now" });
    expect(other.pauses).toEqual([]);
  });

  test("many variants cannot fill an address with leases", async () => {
    const redis = room.redis;
    const gates = range(520).map(() => gatedLoad());
    const readings = gates.map(({ load }, index) => cacheOver(redis).read(query(load, { variant: String(index) })));
    await Promise.all(gates.map(({ began }) => began));
    expect(Number(await room.command("HLEN", KEY))).toBeLessThanOrEqual(502);
    for (const gate of gates) gate.end("x");
    await Promise.all(readings);
    expect(Number(await room.command("HLEN", KEY))).toBeLessThanOrEqual(502);
  });
});

describe("real processes", () => {
  const startReader = (leaseMs: number) => {
    const path = new URL("reader-process.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [path, room.server.url, String(leaseMs)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      child,
      say: (word: string) => void child.stdin.write(`${word}\n`),
      hear: async (): Promise<string> => String((await lines.next()).value),
      async kill() {
        const exit = once(child, "exit");
        child.kill("SIGKILL");
        await exit;
      },
    };
  };

  test("four of them load once; the one that is killed while it loads is followed", async () => {
    const readers = range(4).map(() => startReader(400));
    try {
      for (const reader of readers) expect(await reader.hear()).toBe("ready");
      for (const reader of readers) reader.say("read");
      // Each says whether it loads; a waiting caller says nothing until it has an answer.
      const said = readers.map(async (reader) => ({ reader, word: await reader.hear() }));
      const holder = (await Promise.race(said)).reader;
      await holder.kill();
      const others = readers.filter((reader) => reader !== holder);
      const words = said.filter((_, index) => readers[index] !== holder);
      const next = await Promise.race(words);
      expect(next.word).toBe("loading");
      next.reader.say("end");
      expect(await next.reader.hear()).toBe(`miss from ${next.reader.child.pid}`);
      for (const [index, reader] of others.entries()) {
        if (reader !== next.reader) expect((await words[index])?.word).toBe(`hit from ${next.reader.child.pid}`);
      }
    } finally {
      await Promise.all(
        readers.map(({ child, kill }) => (child.exitCode === null && !child.killed ? kill() : undefined)),
      );
    }
  });
});
