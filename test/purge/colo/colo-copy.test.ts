// Owns the proof that isolates of a colo share one copy of the purge log, that it keeps the bound, and that nothing hangs on it.
import { DEFAULT_BOUNDS } from "../../../src/flow/support/bounds.ts";
import { describe, expect, it, vi } from "vitest";
import type { DependencyError } from "../../../src/error.ts";
import type { Location } from "../../../src/http/message/facts.ts";
import { targetHash } from "../../../src/http/targets/target.ts";
import { coloCopy } from "../../../src/purge/colo/colo-copy.ts";
import type { LogReader } from "../../../src/purge/reader/log-reader.ts";
import { type Cursor, type Delta, NO_FLOOR } from "../../../src/purge/wire/records.ts";
import { purgeReplica } from "../../../src/purge/reader/replica.ts";
import { blobCache, type BlobCache } from "../../../src/purge/colo/blob-cache.ts";
import { mergedDelta, laterFloor, suffices } from "../../../src/purge/wire/delta-merge.ts";
import { turns } from "../../support/barrier.ts";
import { testClock } from "../../support/clock.ts";
import { memoryLog } from "../../support/log.ts";

const BOUND_MS = 1000;
const PLACE: Location = { scheme: "https", host: "shop.test", path: "/", query: "" };

/** One colo over the real Cache API; its isolates share log and clock. */
function colo(changes: { readonly blobs?: BlobCache; readonly random?: () => number } = {}) {
  const clock = testClock();
  const log = memoryLog();
  const reports: DependencyError[] = [];
  const name = crypto.randomUUID();
  const open = () => caches.open(name);
  const blobs = changes.blobs ?? blobCache(open, "https://shop.test/.strata/purge-log/1");
  const report = (error: DependencyError): void => void reports.push(error);
  const parts = { now: clock.now, timeout: clock.timeout, random: changes.random ?? (() => 0.5), report };
  function isolate(source: Partial<LogReader> = {}) {
    const replica = purgeReplica({ ...parts, waitMs: 1000 });
    const direct: LogReader = {
      async since(cursor) {
        const sentAtMs = clock.now();
        return { delta: await log.since(cursor), sentAtMs };
      },
      ...source,
    };
    const reader = coloCopy(direct, { ...parts, blobs, copyMs: DEFAULT_BOUNDS.copyMs });
    const work: Promise<unknown>[] = [];
    const self = {
      replica,
      reader,
      ensure: (maxLagMs = BOUND_MS) => replica.ensure(reader, maxLagMs, (one) => void work.push(one)),
      /** With all that is done in the background. */
      async settled(maxLagMs = BOUND_MS) {
        const known = await self.ensure(maxLagMs);
        while (work.length > 0) await Promise.all(work.splice(0));
        return known;
      },
      stateOf: (tag: string, seq: number, incarnation = "first") =>
        replica.stateOf({ targets: [targetHash({ kind: "tag", value: tag })], fence: { incarnation, seq } }, PLACE),
    };
    return self;
  }
  return { clock, log, blobs, open, reports, isolate };
}

/** Shared memory in the place of the Cache API, each step one turn. */
function memoryShelf(): BlobCache & { readonly filed: Map<string, { atMs: number; bytes: Uint8Array }> } {
  const filed = new Map<string, { atMs: number; bytes: Uint8Array }>();
  return {
    filed,
    get: (name) => Promise.resolve(filed.get(name)),
    put(name, one) {
      filed.set(name, one);
      return Promise.resolve();
    },
  };
}

const many = (count: number, lead = "tag"): string[] => Array.from({ length: count }, (_, i) => `${lead}-${i}`);

describe("colo copy: sharing", () => {
  it("the second isolate of a colo asks nobody, and knows what was purged", async () => {
    const { log, isolate } = colo();
    log.purge(["a"], "hard");
    expect(await isolate().settled()).toBe(true);
    const second = isolate();
    expect(await second.settled()).toBe(true);
    expect(log.questions).toHaveLength(1);
    expect(second.stateOf("a", 0)).toEqual({ state: "gone", reason: "purged" });
    expect(second.replica.fence()).toEqual({ incarnation: "first", seq: 1 });
  });

  it("counts from when the question of the first was sent, and a little more, as clocks differ", async () => {
    const { clock, log, isolate } = colo();
    await isolate().settled();
    clock.advance(0.5);
    const second = isolate();
    expect(await second.settled()).toBe(true);
    clock.advance(0.474);
    expect(second.ensure()).toBe(true);
    clock.advance(0.002);
    expect(second.ensure()).toBeInstanceOf(Promise);
    expect(log.questions).toHaveLength(1);
  });

  it("is asked for anew when it is too old", async () => {
    const { clock, log, isolate } = colo();
    await isolate().settled();
    log.purge(["a"], "hard");
    clock.advance(1);
    const second = isolate();
    expect(await second.settled()).toBe(true);
    expect(log.questions).toEqual([undefined, { incarnation: "first", seq: 0 }]);
    expect(second.stateOf("a", 0)).toMatchObject({ state: "gone" });
  });

  it("is made anew in the background by the first who finds it old, who profits from it; others wait for nothing", async () => {
    const { clock, log, isolate } = colo();
    await isolate().settled();
    log.purge(["a"], "hard");
    clock.advance(0.75);
    const second = isolate();
    expect(await second.ensure()).toBe(true);
    expect(second.stateOf("a", 0)).toEqual({ state: "clear" });
    await second.settled();
    expect(second.stateOf("a", 0)).toMatchObject({ state: "gone" });
    const third = isolate();
    expect(await third.settled()).toBe(true);
    expect(third.stateOf("a", 0)).toMatchObject({ state: "gone" });
    expect(log.questions).toHaveLength(2);
  });

  it("is not made anew while another isolate does that", async () => {
    const { clock, log, blobs, isolate } = colo();
    await isolate().settled();
    clock.advance(0.75);
    await blobs.put("claim", { atMs: clock.now() - 400, bytes: new Uint8Array(4) }, 60);
    expect(await isolate().settled()).toBe(true);
    expect(log.questions).toHaveLength(1);
    await blobs.put("claim", { atMs: clock.now() - 600, bytes: new Uint8Array(4) }, 60);
    expect(await isolate().settled()).toBe(true);
    expect(log.questions).toHaveLength(2);
  });

  it("is left alone by strict requests", async () => {
    const { log, isolate, open } = colo();
    const strict = isolate();
    expect(await strict.settled(0)).toBe(true);
    expect(await strict.settled(0)).toBe(true);
    expect(log.questions).toHaveLength(2);
    expect(await (await open()).match("https://shop.test/.strata/purge-log/1/tail")).toBeUndefined();
  });

  it("asks once for a hundred isolates that are cold at the same moment", async () => {
    const { clock, log, isolate } = colo({ blobs: memoryShelf(), random: Math.random });
    const waiting = Array.from({ length: 100 }, () => isolate().settled());
    for (let step = 0; step < 10; step++) {
      await turns(200);
      clock.advance(0.02);
    }
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 100 }, () => true));
    expect(log.questions).toHaveLength(1);
  });

  it("waits a quarter of a second at most for an isolate that claimed and died", async () => {
    const { clock, log, blobs, isolate } = colo();
    await blobs.put("claim", { atMs: clock.now(), bytes: new Uint8Array(4) }, 60);
    const cold = isolate().settled();
    for (let step = 0; step < 14; step++) {
      await vi.waitFor(() => expect(clock.timeouts() + log.questions.length).toBeGreaterThan(0), { interval: 1 });
      clock.advance(0.02);
    }
    expect(await cold).toBe(true);
    expect(log.questions).toHaveLength(1);
  });
});

describe("colo copy: snapshot and tail", () => {
  it("grows by what is new, until it is folded into the snapshot", async () => {
    const { clock, log, blobs, isolate } = colo();
    log.purge(many(100), "hard");
    const first = isolate();
    await first.settled();
    expect(await blobs.get("snapshot")).toBeUndefined();
    log.purge(many(8000, "more"), "hard");
    clock.advance(2);
    await first.settled();
    const [snapshot, tail] = [await blobs.get("snapshot"), await blobs.get("tail")];
    expect(snapshot?.bytes.length).toBeGreaterThan(64 * 1024);
    expect(tail?.bytes.length).toBeLessThan(1024);
    log.purge(["last"], "hard");
    clock.advance(2);
    await first.settled();
    expect(log.questions.at(-1)).toEqual({ incarnation: "first", seq: 2 });
    // a cold isolate: both, and nobody is asked
    const asked = log.questions.length;
    const cold = isolate();
    expect(await cold.settled()).toBe(true);
    expect(log.questions).toHaveLength(asked);
    for (const tag of ["tag-7", "more-7999", "last"]) expect(cold.stateOf(tag, 0)).toMatchObject({ state: "gone" });
    expect(cold.replica.fence()?.seq).toBe(3);
  });

  it("without its snapshot serves those who know enough; a cold isolate asks, and mends it", async () => {
    const { clock, log, open, blobs, isolate } = colo();
    log.purge(many(8000), "hard");
    const warm = isolate();
    await warm.settled();
    await (await open()).delete(new Request("https://shop.test/.strata/purge-log/1/snapshot"));
    clock.advance(0.5);
    expect(await warm.settled()).toBe(true);
    expect(log.questions).toHaveLength(1);
    const cold = isolate();
    expect(await cold.settled()).toBe(true);
    expect(log.questions).toEqual([undefined, undefined]);
    expect(cold.stateOf("tag-7", 0)).toMatchObject({ state: "gone" });
    expect(await blobs.get("snapshot")).toBeDefined();
    expect(await isolate().settled()).toBe(true);
    expect(log.questions).toHaveLength(2);
  });

  it("does not grow for ever where there is no snapshot to fold it into", async () => {
    const { clock, log, blobs, isolate } = colo();
    const warm = isolate({ since: async (cursor) => ({ delta: log.delta(cursor), sentAtMs: clock.now() }) });
    log.purge(many(10), "hard");
    await warm.replica.ensure(
      { since: async () => ({ delta: log.delta(undefined), sentAtMs: clock.now() }) },
      1,
      () => undefined,
    );
    for (let round = 0; round < 3; round++) {
      log.purge(many(8000, `round-${round}`), "hard");
      clock.advance(2);
      expect(await warm.settled()).toBe(true);
      log.purge([`small-${round}`], "hard");
      clock.advance(2);
      expect(await warm.settled()).toBe(true);
    }
    expect(await blobs.get("snapshot")).toBeUndefined();
    expect((await blobs.get("tail"))?.bytes.length).toBeLessThan(64 * 1024);
  });

  it("drops what the floor stands for, and brings the floor to those who know neither", async () => {
    const { clock, log, isolate } = colo();
    log.purge(["a"], "hard");
    const first = isolate();
    await first.settled();
    log.purge(["b"], "soft", 5000);
    const floor = { ...NO_FLOOR, seq: 1, hardSeq: 1, jitterSeq: 1 };
    log.answer = (cursor: Cursor | undefined) => {
      const delta = log.delta(cursor);
      return Promise.resolve({ ...delta, floor, records: delta.records.filter(({ softSeq }) => softSeq > 1) });
    };
    clock.advance(2);
    await first.settled();
    const cold = isolate();
    await cold.settled();
    expect(log.questions).toHaveLength(2);
    for (const one of [first, cold]) {
      expect(one.stateOf("never purged", 0)).toEqual({ state: "gone", reason: "purge-floor" });
      expect(one.stateOf("a", 1)).toEqual({ state: "clear" });
      expect(one.stateOf("b", 1)).toEqual({ state: "stale", sinceMs: 5000 });
    }
  });
});

describe("colo copy: another log", () => {
  it("does not bring the old log back to an isolate that knows the new one", async () => {
    const { clock, log, isolate } = colo();
    log.purge(["a"], "hard");
    await isolate().settled();
    clock.advance(0.3);
    log.lose();
    const ahead = isolate();
    await ahead.settled(0);
    clock.advance(0.6);
    expect(await ahead.settled()).toBe(true);
    expect(ahead.replica.fence()?.incarnation).toBe("first+");
  });

  it("takes an isolate that knows the old log over to the new one, by the copy alone", async () => {
    const { clock, log, isolate } = colo();
    log.purge(["a"], "hard");
    const behind = isolate();
    await behind.settled();
    log.lose();
    log.purge(["b"], "hard");
    clock.advance(1.1);
    await isolate().settled();
    const asked = log.questions.length;
    clock.advance(0.1);
    expect(await behind.settled()).toBe(true);
    expect(log.questions).toHaveLength(asked);
    expect(behind.replica.fence()).toEqual({ incarnation: "first+", seq: 1 });
    expect(behind.stateOf("b", 0, "first+")).toMatchObject({ state: "gone" });
  });

  it("starts the copy anew, and never mixes both", async () => {
    const { clock, log, isolate } = colo();
    log.purge(many(8000), "hard");
    await isolate().settled();
    log.lose();
    log.purge(["b"], "hard");
    clock.advance(1.1);
    await isolate().settled();
    const cold = isolate();
    await cold.settled();
    expect(cold.stateOf("tag-7", 0, "first+")).toEqual({ state: "clear" });
    expect(cold.stateOf("b", 0, "first+")).toMatchObject({ state: "gone" });
    expect(log.questions).toHaveLength(2);
  });
});

describe("colo copy: what is wrong with it", () => {
  const spoil: readonly (readonly [string, (tail: Response) => Promise<Response> | Response])[] = [
    ["truncated", async (tail) => new Response((await tail.arrayBuffer()).slice(0, -1), tail)],
    [
      "changed by a bit",
      async (tail) =>
        new Response(
          (await tail.bytes()).map((byte, i) => (i === 10 ? byte ^ 1 : byte)),
          tail,
        ),
    ],
    ["empty", (tail) => new Response(null, tail)],
    ["foreign", () => new Response("<h1>not ours</h1>", { headers: { "cache-control": "max-age=60" } })],
    ["of a format to come", (tail) => renamed(tail, (field) => field.replace(/^\d+/, "99"))],
    ["without a time", (tail) => renamed(tail, (field) => field.replace(/ \d+$/, " soon"))],
    ["from the future", (tail) => renamed(tail, (field) => field.replace(/ \d+$/, " 9999999999999"))],
  ];

  async function renamed(tail: Response, change: (field: string) => string): Promise<Response> {
    const headers = new Headers(tail.headers);
    headers.set("strata-purges", change(headers.get("strata-purges") ?? ""));
    return new Response(await tail.arrayBuffer(), { headers });
  }

  it.each(spoil)("a tail that is %s counts as absent", async (_, spoiled) => {
    const { clock, log, open, isolate } = colo();
    log.purge(["a"], "hard");
    await isolate().settled();
    const cache = await open();
    const request = new Request("https://shop.test/.strata/purge-log/1/tail");
    const tail = await cache.match(request);
    if (!tail) throw new Error("nothing was filed");
    await cache.put(request, await spoiled(tail));
    clock.advance(0.3);
    const second = isolate();
    expect(await second.settled()).toBe(true);
    expect(log.questions).toHaveLength(2);
    expect(second.stateOf("a", 0)).toMatchObject({ state: "gone" });
  });

  it("a Cache API that throws is reported, left alone for a second, and costs nothing but the sharing", async () => {
    const calls: string[] = [];
    const refuse = (name: string) => {
      calls.push(name);
      return Promise.reject(new Error("no cache"));
    };
    const { clock, log, reports, isolate } = colo({ blobs: { get: refuse, put: refuse } });
    const one = isolate();
    expect(await one.settled()).toBe(true);
    expect(calls).toEqual(["tail"]);
    expect(reports.map(({ dependency }) => dependency)).toEqual(["colo copy of the purge log"]);
    clock.advance(1.1);
    expect(await one.settled()).toBe(true);
    expect(calls).toEqual(["tail", "tail"]);
    expect(log.questions).toHaveLength(2);
  });

  it("a Cache API that hangs is waited for a tenth of a second", async () => {
    const hang = () => new Promise<never>(() => undefined);
    const { clock, log, isolate } = colo({ blobs: { get: hang, put: hang } });
    const known = isolate().settled();
    await turns();
    expect(log.questions).toHaveLength(0);
    clock.advance(0.1);
    expect(await known).toBe(true);
    expect(log.questions).toHaveLength(1);
  });
});

describe("colo copy: partitions", () => {
  const cases = [true, false].flatMap((log) =>
    [true, false].flatMap((cache) => [true, false].map((kv) => ({ log, cache, kv }))),
  );

  it.each(cases)("log $log, Cache API $cache, KV $kv", async (parts) => {
    let up = parts;
    const blobs = memoryShelf();
    const { clock, log, isolate } = colo({
      blobs: {
        get: (name) => (up.cache ? blobs.get(name) : Promise.reject(new Error("cut off"))),
        put: (name, filed, seconds) =>
          up.cache ? blobs.put(name, filed, seconds) : Promise.reject(new Error("cut off")),
      },
    });
    log.purge(["early"], "hard");
    const inKv = log.delta(undefined);
    log.purge(["late"], "hard");
    await isolate().settled();
    clock.advance(0.5);
    const direct = async (cursor: Cursor | undefined) => ({ delta: await log.since(cursor), sentAtMs: clock.now() });
    const cutOff = isolate({
      since: (cursor) => (up.log ? direct(cursor) : Promise.reject(new Error("cut off"))),
      fallbacks: [
        () =>
          up.kv
            ? Promise.resolve({ delta: inKv, sentAtMs: Number.NEGATIVE_INFINITY })
            : Promise.reject(new Error("cut off")),
      ],
    });
    expect(await cutOff.settled()).toBe(up.log || up.cache);
    const gone = { state: "gone", reason: "purged" };
    const nothing = up.kv ? { state: "clear" } : { state: "unknown" };
    expect(cutOff.stateOf("late", 0)).toEqual(up.log || up.cache ? gone : nothing);
    expect(cutOff.stateOf("early", 0)).toEqual(up.log || up.cache || up.kv ? gone : { state: "unknown" });
    // the copy does not grow younger while nobody reaches the log
    clock.advance(1);
    expect(await cutOff.settled()).toBe(up.log);
    // it heals
    clock.advance(2);
    up = { log: true, cache: true, kv: true };
    expect(await cutOff.settled()).toBe(true);
    expect(cutOff.stateOf("late", 0)).toEqual(gone);
  });
});

describe("colo copy: too old, and the log out of reach", () => {
  const cutOff = { since: () => Promise.reject(new Error("cut off")) };

  it("adds what it knows, also what came after KV's snapshot, and makes nothing younger", async () => {
    const { clock, log, isolate } = colo();
    log.purge(many(8000), "hard");
    const inKv = log.delta(undefined);
    log.purge(["late"], "hard");
    await isolate().settled();
    log.purge(["later"], "hard");
    clock.advance(60);
    const kv = () => Promise.resolve({ delta: inKv, sentAtMs: Number.NEGATIVE_INFINITY });
    const cold = isolate({ ...cutOff, fallbacks: [kv] });
    expect(await cold.settled()).toBe(false);
    expect(["tag-7", "late", "later"].map((tag) => cold.stateOf(tag, 0).state)).toEqual(["gone", "gone", "clear"]);
    // a fetch that begins now has the fence of that time
    expect(cold.replica.fence()).toEqual({ incarnation: "first", seq: 2 });
    expect(await cold.ensure()).toBe(false);
  });

  it("answers under a rule whose bound it is inside, although another's was broken", async () => {
    const { clock, isolate } = colo();
    await isolate().settled();
    clock.advance(5);
    const cold = isolate(cutOff);
    expect(await cold.settled(1000)).toBe(false);
    expect(cold.ensure(30_000)).toBe(true);
    const strict = isolate(cutOff);
    expect(await strict.settled(0)).toBe(false);
    expect(await strict.settled(30_000)).toBe(true);
  });

  it("of the log that is, KV's of the log that was: the log that is counts", async () => {
    const { clock, log, isolate } = colo();
    log.purge(["a"], "hard");
    const inKv = log.delta(undefined);
    log.lose();
    log.purge(["b"], "hard");
    await isolate().settled();
    clock.advance(60);
    const kv = () => Promise.resolve({ delta: inKv, sentAtMs: Number.NEGATIVE_INFINITY });
    const cold = isolate({ ...cutOff, fallbacks: [kv] });
    expect(await cold.settled()).toBe(false);
    expect(cold.replica.fence()).toEqual({ incarnation: "first+", seq: 1 });
  });
});

describe("stretches of a log's history", () => {
  const stretch = (from: number, seq: number, incarnation = "log"): Delta => ({
    incarnation,
    from,
    seq,
    floor: NO_FLOOR,
    records: [],
    browsers: [],
  });

  it.each([
    [stretch(0, 5), stretch(5, 9), stretch(0, 9)],
    [stretch(5, 9), stretch(0, 5), stretch(0, 9)],
    [stretch(2, 9), stretch(4, 5), stretch(2, 9)],
    [stretch(0, 5), stretch(6, 9), undefined],
    [stretch(6, 9), stretch(0, 5), undefined],
    [stretch(0, 5), stretch(0, 5, "other"), undefined],
  ])("%o and %o are one only where nothing is missing between them", (a, b, whole) => {
    expect(mergedDelta(a, b)).toEqual(whole);
  });

  it("a reader misses nothing from where a stretch begins, or from the beginning", () => {
    expect(suffices(stretch(0, 5), undefined)).toBe(true);
    expect(suffices(stretch(3, 5), undefined)).toBe(false);
    expect(suffices(stretch(3, 5), { incarnation: "log", seq: 2 })).toBe(false);
    expect(suffices(stretch(3, 5), { incarnation: "log", seq: 3 })).toBe(true);
    expect(suffices(stretch(3, 5), { incarnation: "other", seq: 9 })).toBe(false);
  });

  it("of two floors the later counts, whatever comes first", () => {
    const early = { ...NO_FLOOR, seq: 5, hardSeq: 3, softSeq: 4, softAtMs: 40, jitterSeq: 6, roseAtMs: 50 };
    const late = { ...early, seq: 9, softSeq: 8, softAtMs: 80, jitterSeq: 10, roseAtMs: 90 };
    expect(laterFloor(early, late)).toEqual(late);
    expect(laterFloor(late, early)).toEqual(late);
  });
});
