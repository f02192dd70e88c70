// Owns the proof that a log that forgets never lets an entry off more lightly than one that remembers everything.
import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Location } from "../../../src/http/message/facts.ts";
import type { PurgeMode } from "../../../src/http/targets/purge-order.ts";
import type { PurgeState } from "../../../src/http/law/reuse.ts";
import { type Target, type TargetHash, targetHash } from "../../../src/http/targets/target.ts";
import { replicaState } from "../../../src/purge/reader/replica-state.ts";
import type { PurgeLog } from "../../../src/purge/log/log.ts";
import { type KnownLog, purgeState } from "../../../src/purge/reader/match.ts";
import {
  type Delta,
  NO_FLOOR,
  purgedAgain,
  type PurgeMarks,
  type PurgeRecord,
} from "../../../src/purge/wire/records.ts";
import { newLog, orderOf, purge, read, rows, since, sql, tag, withBindings } from "../../support/purge-log.ts";

const DAY_MS = 24 * 3600 * 1000;
const STRICTNESS = { clear: 0, stale: 1, unknown: 1, validate: 2, gone: 3 };
const BROWSERS: Target = { kind: "browsers", value: "shop.test" };
const ALL_BROWSERS: Target = { kind: "browsers", value: "" };

let nowMs = 1.8e12;
let report = vi.spyOn(console, "warn");
beforeEach(() => {
  report = vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The objects of a test run in its own isolate: they read this clock. */
function clockInHand(): void {
  nowMs = 1.8e12;
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
}

type Step =
  | { readonly kind: "purge"; readonly targets: readonly Target[]; readonly mode: PurgeMode }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "read" };

const TAGS = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
const target: fc.Arbitrary<Target> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...TAGS).map(tag) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Target>(
      BROWSERS,
      { kind: "host", value: "shop.test" },
      { kind: "prefix", value: "/p" },
      { kind: "path", value: "shop.test/q" },
    ),
  },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("purge" as const),
      targets: fc.uniqueArray(target, { minLength: 1, maxLength: 4, selector: targetHash }),
      mode: fc.constantFrom<PurgeMode>("hard", "soft", "soft"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      // the clock may be set back, too
      ms: fc.oneof(fc.nat(5000), fc.nat(5000), fc.nat(12 * DAY_MS), fc.integer({ min: -2 * DAY_MS, max: 0 })),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "read" as const }) },
);

const PATHS = ["/p/1", "/q", "/r"];
const at = (index: number): Location => ({ scheme: "https", host: "shop.test", path: PATHS[index] ?? "/", query: "" });

describe("a log that forgets", () => {
  it(
    "never judges an entry less strictly than the whole history does, and those fetched after its last rise exactly so",
    { timeout: 60_000 },
    async () => {
      let forgot = 0;
      let compared = 0;
      const property = fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        async (steps, cap) => {
          clockInHand();
          await withBindings(newLog(), { STRATA_PURGE_TARGETS: String(cap) }, async (log, { storage }) => {
            const history = new Map<TargetHash, PurgeRecord>();
            const warm = replicaState(Math.random);
            const snapshots: Delta[] = [];
            let seq = 0;
            let floorSeq = 0;
            let roseAt = 0;
            let clearedAtSeconds = 0;
            for (const each of steps) {
              if (each.kind === "wait") nowMs += each.ms;
              else if (each.kind === "read") {
                warm.learn(read(log.since(warm.cursor())));
                snapshots.push(read(log.since(undefined)));
              } else {
                const { delta, seq: number } = await purge(log, each.targets, each.mode);
                seq = number;
                for (const one of each.targets) remember(history, one, each.mode, seq);
                if (each.targets.includes(BROWSERS)) clearedAtSeconds = Math.floor(nowMs / 1000);
                if (delta.floor.seq !== floorSeq) roseAt = seq;
                floorSeq = delta.floor.seq;
                expect(storage.sql.exec("SELECT * FROM target").toArray().length).toBeLessThanOrEqual(
                  Math.max(cap, each.targets.length) + 1,
                );
              }
            }
            warm.learn(read(log.since(warm.cursor())));
            const cold = replicaState(Math.random);
            const last = read(log.since(undefined));
            cold.learn(last);
            // an old snapshot may come at any time, also after a floor that rose above all it has
            const late = replicaState(Math.random);
            const arriving = [...snapshots.slice(1), last, ...snapshots.slice(0, 1), ...snapshots.toReversed()];
            for (const delta of arriving) late.learn(delta);
            if (floorSeq > 0) forgot += 1;
            for (const { stored, place } of everyEntry(cold.cursor()?.incarnation ?? "", seq)) {
              const whole = purgeState(stored, place, remembering(history, stored.fence.incarnation, seq));
              for (const known of [cold, warm, late]) {
                const said = known.stateOf(stored, place);
                compared += 1;
                const isExact = said.state === whole.state;
                if (isAsStrict(said, whole) && (isExact || stored.fence.seq < roseAt)) continue;
                expect.fail(JSON.stringify({ stored, place, said, whole, floor: last.floor }));
              }
            }
            for (const known of [cold, warm, late]) {
              expect(known.browserEpoch("shop.test") ?? 0).toBeGreaterThanOrEqual(clearedAtSeconds);
            }
          });
        },
      );
      await fc.assert(property, { numRuns: 120 });
      expect(forgot).toBeGreaterThan(30);
      expect(compared).toBeGreaterThan(10_000);
    },
  );

  function remember(history: Map<TargetHash, PurgeRecord>, one: Target, mode: PurgeMode, seq: number): void {
    const hash = targetHash(one);
    const marks: PurgeMarks = purgedAgain(history.get(hash), one.kind === "browsers" ? "hard" : mode, seq, nowMs);
    history.set(hash, { ...marks, target: hash, prefixLength: one.kind === "prefix" ? one.value.length : 0 });
  }

  function remembering(history: Map<TargetHash, PurgeRecord>, incarnation: string, seq: number): KnownLog {
    return { incarnation, seq, floor: NO_FLOOR, marksOf: (hash) => history.get(hash), prefixLengths: () => [2] };
  }

  /** Fetched at any time, with one of the tags each, two of them, or none. */
  function* everyEntry(incarnation: string, seq: number) {
    for (let fence = 0; fence <= seq; fence++) {
      for (const [index, value] of ["none", ...TAGS].entries()) {
        const place = at(index % PATHS.length);
        const tags = index % 2 === 0 ? [value] : [value, TAGS[fence % TAGS.length] ?? value];
        yield {
          stored: { targets: tags.map((one) => targetHash(tag(one))), fence: { incarnation, seq: fence } },
          place,
        };
      }
    }
  }

  function isAsStrict(said: PurgeState, whole: PurgeState): boolean {
    if (said.state === "stale" && whole.state === "stale") return said.sinceMs <= whole.sinceMs;
    return STRICTNESS[said.state] >= STRICTNESS[whole.state];
  }
});

/** Orders one tag each, `first` to `last`. */
async function purgeEach(log: PurgeLog, first: number, last: number, mode: PurgeMode = "hard"): Promise<Delta> {
  let delta = read(log.since(undefined));
  for (let i = first; i <= last; i++) ({ delta } = await purge(log, [`t${String(i)}`], mode));
  return delta;
}

describe("beyond the cap", () => {
  it("the oldest hundredth goes, whole orders only, and the floor rises to what was the last of it", async () => {
    await withBindings(newLog(), { STRATA_PURGE_TARGETS: "300" }, async (log) => {
      expect((await purgeEach(log, 1, 300)).floor).toEqual(NO_FLOOR);
      expect(report).not.toHaveBeenCalled();
      const rose = await purgeEach(log, 301, 301);
      expect(rose.floor).toMatchObject({ hardSeq: 3, softSeq: 0, previousSoftSeq: 0, seq: 3, jitterSeq: 6 });
      expect(rose.records).toHaveLength(298);
      expect(rose.records.every((record) => record.hardSeq > 3)).toBe(true);
      // room for two more
      expect((await purgeEach(log, 302, 303)).floor).toEqual(rose.floor);
      expect((await purgeEach(log, 304, 304)).floor).toMatchObject({ hardSeq: 6, seq: 6, jitterSeq: 9 });
    });
    const said = report.mock.calls.map(([line]) => JSON.parse(String(line)) as object);
    expect(said).toEqual([
      {
        level: "warn",
        event: "purge-floor-rose",
        dependency: "purge log",
        dropped: 3,
        floor: 3,
        hardSeq: 3,
        softSeq: 0,
        targets: 298,
      },
      {
        level: "warn",
        event: "purge-floor-rose",
        dependency: "purge log",
        dropped: 3,
        floor: 6,
        hardSeq: 6,
        softSeq: 0,
        targets: 298,
      },
    ]);
  });

  it("only soft purges dropped: what was fetched before is stale since the earliest of them, and nothing is gone", async () => {
    clockInHand();
    await withBindings(newLog(), { STRATA_PURGE_TARGETS: "2" }, async (log) => {
      const firstMs = nowMs;
      await purge(log, ["a"], "soft");
      nowMs += 5000;
      await purge(log, ["b"], "soft");
      nowMs += 5000;
      const { delta } = await purge(log, ["c"], "soft");
      expect(delta.floor).toMatchObject({
        hardSeq: 0,
        softSeq: 1,
        previousSoftSeq: 0,
        softAtMs: firstMs,
        roseAtMs: nowMs,
      });
      const { delta: last } = await purge(log, ["d"], "soft");
      expect(last.floor).toMatchObject({ hardSeq: 0, softSeq: 2, previousSoftSeq: 1, softAtMs: firstMs + 5000 });
    });
  });

  it("a target softly purged, forgotten and softly purged again has been purged twice", async () => {
    await withBindings(newLog(), { STRATA_PURGE_TARGETS: "4" }, async (log) => {
      await purge(log, ["a", "x", "y"], "soft");
      await purge(log, ["b", "c"], "soft");
      const { delta } = await purge(log, ["a"], "soft");
      expect(delta.floor).toMatchObject({ softSeq: 1, previousSoftSeq: 0 });
      const known = replicaState(Math.random);
      known.learn(delta);
      const stored = { targets: [targetHash(tag("a"))], fence: { incarnation: delta.incarnation, seq: 0 } };
      expect(known.stateOf(stored, at(2))).toEqual({ state: "validate" });
    });
  });

  it("of soft purges dropped together, or under one number at different times, the earliest counts", async () => {
    clockInHand();
    await withBindings(newLog(), { STRATA_PURGE_TARGETS: "4" }, async (log) => {
      const firstMs = nowMs;
      await purge(log, ["a"], "soft");
      nowMs += 5000;
      await purge(log, ["b", "c", "d"], "soft");
      // a, c and d go; then b, whose soft purge was theirs
      const { delta } = await purge(log, ["b", "e", "f"]);
      expect(delta.floor).toMatchObject({ softSeq: 2, previousSoftSeq: 0, softAtMs: firstMs });
      const { delta: last } = await purge(log, ["g", "h", "i", "j"]);
      expect(last.floor).toMatchObject({ hardSeq: 3, softSeq: 2, softAtMs: firstMs });
    });
  });

  it("an order larger than the cap is kept until the next comes", async () => {
    await withBindings(newLog(), { STRATA_PURGE_TARGETS: "2" }, async (log) => {
      await purge(log, ["x"]);
      const { delta } = await purge(log, ["a", "b", "c"]);
      expect(delta.floor).toMatchObject({ hardSeq: 1, seq: 1 });
      expect(delta.records).toHaveLength(3);
      const { delta: next } = await purge(log, ["d"]);
      expect(next.floor).toMatchObject({ hardSeq: 2, seq: 2 });
      expect(next.records).toHaveLength(1);
    });
  });

  it("leaves purges of browsers, which are told again under a number above the floor, with their time", async () => {
    await withBindings(newLog(), { STRATA_PURGE_TARGETS: "2" }, async (log) => {
      const [first] = (await purge(log, [BROWSERS])).delta.browsers;
      await purge(log, ["a"]);
      await purge(log, ["b"]);
      const { delta } = await purge(log, ["c"]);
      expect(delta.floor).toMatchObject({ hardSeq: 2, softSeq: 0, seq: 2 });
      expect(delta.browsers).toEqual([{ ...first, seq: 4 }]);
    });
  });

  it("makes one purge of all browsers out of those of too many hosts", async () => {
    await withBindings(newLog(), { STRATA_PURGE_TARGETS: "2" }, async (log) => {
      const hosts = (from: number): Target[] =>
        Array.from({ length: 600 }, (_, i) => ({ kind: "browsers", value: `${String(from + i)}.test` }));
      await purge(log, hosts(0));
      const { browsers } = (await purge(log, hosts(600))).delta;
      expect(browsers).toMatchObject([{ target: targetHash(ALL_BROWSERS), seq: 2 }]);
      for (const tag of ["a", "b", "c"]) await purge(log, [tag]);
      const whole = read(log.since(undefined));
      expect(whole.browsers).toEqual(browsers.map((each) => ({ ...each, seq: 5 })));
      expect(whole.records).toHaveLength(2);
    });
  });

  it("is counted right after an eviction, and after orders that were taken back", async () => {
    const log = newLog();
    await withBindings(log, { STRATA_PURGE_TARGETS: "3" }, (instance) => purgeEach(instance, 1, 3));
    await withBindings(log, { STRATA_PURGE_TARGETS: "3" }, async (instance, { storage }) => {
      storage.sql.exec("CREATE TRIGGER refuse BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'no room'); END");
      await expect(purge(instance, ["x"])).rejects.toThrow(/no room/);
      storage.sql.exec("DROP TRIGGER refuse");
      expect((await purgeEach(instance, 3, 3)).floor.seq).toBe(0);
      expect((await purgeEach(instance, 4, 4)).floor.seq).toBe(1);
    });
    expect(await rows(log)).toBe(3);
  });

  it.each(["0", "-5", "many", "1000000", ""])("a cap of %j is none of ours: 100,000", async (cap) => {
    await withBindings(newLog(), { STRATA_PURGE_TARGETS: cap }, async (log) => {
      expect((await purgeEach(log, 1, 20)).floor).toEqual(NO_FLOOR);
    });
  });
});

describe("older than anything that is stored", () => {
  it("goes first, without an alarm; the floor stands for it all the same", async () => {
    clockInHand();
    const log = newLog();
    await withBindings(log, {}, async (instance) => {
      await purge(instance, ["a", "b"]);
      nowMs += DAY_MS;
      await purge(instance, ["c"], "soft");
      nowMs += 30 * DAY_MS;
      // a was purged 31 days ago, c 30 to the second
      const { delta } = await purge(instance, ["d"]);
      expect(delta.records.map((record) => record.target).toSorted()).toEqual(
        ["c", "d"].map((value) => targetHash(tag(value))).toSorted(),
      );
      expect(delta.floor).toMatchObject({ hardSeq: 1, softSeq: 0, seq: 1, jitterSeq: 0 });
    });
    expect(report).not.toHaveBeenCalled();
  });

  it("a target purged again meanwhile is as young as that", async () => {
    clockInHand();
    await withBindings(newLog(), {}, async (instance) => {
      await purge(instance, ["a"]);
      nowMs += 29 * DAY_MS;
      await purge(instance, ["a"], "soft");
      nowMs += 2 * DAY_MS;
      const { delta } = await purge(instance, ["d"]);
      expect(delta.floor).toEqual(NO_FLOOR);
      expect(delta.records).toHaveLength(2);
    });
  });

  it("in a quiet log changes nothing: what was fetched since is as it was", async () => {
    clockInHand();
    const log = newLog();
    await withBindings(log, {}, async (instance) => {
      await purge(instance, ["a"]);
      nowMs += 100 * DAY_MS;
      const before = read(instance.since(undefined));
      await instance.alarm();
      expect(read(instance.since(undefined))).toEqual(before);
      const known = replicaState(Math.random);
      known.learn((await purge(instance, ["other"])).delta);
      const stored = { targets: [targetHash(tag("a"))], fence: { incarnation: before.incarnation, seq: 1 } };
      expect(known.stateOf(stored, at(2))).toEqual({
        state: "clear",
      });
    });
  });
});

it("the floor reaches readers that ask for what they lack, and survives the object", async () => {
  const log = newLog();
  await withBindings(log, { STRATA_PURGE_TARGETS: "2" }, (instance) => purgeEach(instance, 1, 5));
  await runInDurableObject(log, () => undefined);
  const { incarnation, seq, floor } = await since(log);
  expect(floor.hardSeq).toBe(3);
  expect((await since(log, { incarnation, seq: seq - 1 })).floor).toEqual(floor);
  expect((await since(log, { incarnation, seq })).floor).toEqual(floor);
});

it("takes 1,000 targets beyond a full cap in one order", async () => {
  const log = newLog();
  await sql(log, (storage) => {
    storage.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
      INSERT INTO target SELECT printf('%016x', i), 0, 0, i, 0, 0, 0, i, ? FROM n`,
      Date.now(),
    );
    storage.exec("UPDATE log SET seq = 100000");
  });
  await withBindings(log, {}, async (instance, { storage }) => {
    const targets = Array.from({ length: 1000 }, (_, i) => tag(String(i)));
    const { delta } = await instance.purge({ order: orderOf(targets), since: undefined });
    const { floor, records } = read(delta);
    expect(floor).toMatchObject({ hardSeq: 1000, seq: 1000, jitterSeq: 2000 });
    expect(records).toHaveLength(100_000);
    expect(delta.length).toBeLessThan(2_000_000);
    expect(storage.sql.exec("SELECT COUNT(*) AS n FROM target").one()).toEqual({ n: 100_000 });
  });
});
