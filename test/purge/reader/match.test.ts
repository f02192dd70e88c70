// Owns the proof of what purge records say of a stored response.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Location } from "../../../src/http/message/facts.ts";
import type { PurgeState } from "../../../src/http/law/reuse.ts";
import { type Target, type TargetHash, targetHash } from "../../../src/http/targets/target.ts";
import { purgeState } from "../../../src/purge/reader/match.ts";
import { type Floor, NO_FLOOR, type PurgeMarks } from "../../../src/purge/wire/records.ts";

const A = "aaaaaaaaaaaaaaaa" as TargetHash;
const B = "bbbbbbbbbbbbbbbb" as TargetHash;
const NEVER = { hardSeq: 0, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 };

const PLACE = { scheme: "https", host: "shop.test", path: "/a/b", query: "?c=1" } as const;

function state(
  seq: number,
  records: Readonly<Record<string, Partial<PurgeMarks>>>,
  { incarnation = "log", floor = {}, lengths = [], targets = [A, B], place = PLACE, logSeq = 100 }: Given = {},
): PurgeState {
  return purgeState({ targets, fence: { incarnation, seq } }, place, {
    incarnation: "log",
    seq: logSeq,
    floor: { ...NO_FLOOR, ...floor },
    marksOf: (target) => (target in records ? { ...NEVER, ...records[target] } : undefined),
    prefixLengths: () => lengths,
  });
}

interface Given {
  readonly incarnation?: string;
  readonly floor?: Partial<Floor>;
  readonly lengths?: readonly number[];
  readonly targets?: readonly TargetHash[];
  readonly place?: Location;
  readonly logSeq?: number;
}

const CLEAR: PurgeState = { state: "clear" };
const GONE: PurgeState = { state: "gone", reason: "purged" };
const VALIDATE: PurgeState = { state: "validate" };
const since = (sinceMs: number): PurgeState => ({ state: "stale", sinceMs });

describe("one target", () => {
  it.each<[string, number, Partial<PurgeMarks>, PurgeState]>([
    ["nothing is known of it", 5, {}, CLEAR],
    ["hard, before the fetch began", 5, { hardSeq: 5 }, CLEAR],
    ["hard, after", 5, { hardSeq: 6 }, GONE],
    ["hard, after, from the first number", 0, { hardSeq: 1 }, GONE],
    ["soft, before", 5, { softSeq: 5, softAtMs: 100 }, CLEAR],
    ["soft, after", 5, { softSeq: 6, softAtMs: 100 }, since(100)],
    ["soft twice, both after", 5, { softSeq: 7, previousSoftSeq: 6, softAtMs: 100 }, VALIDATE],
    ["soft twice, one after", 6, { softSeq: 7, previousSoftSeq: 6, softAtMs: 100 }, since(100)],
    ["soft twice, both before", 7, { softSeq: 7, previousSoftSeq: 6, softAtMs: 100 }, CLEAR],
    ["hard, then soft", 5, { hardSeq: 6, softSeq: 7, softAtMs: 100 }, GONE],
    ["soft, then hard", 5, { hardSeq: 7, softSeq: 6, softAtMs: 100 }, GONE],
    ["hard before, soft after", 5, { hardSeq: 4, softSeq: 7, softAtMs: 100 }, since(100)],
    ["hard before, soft twice after", 5, { hardSeq: 5, softSeq: 8, previousSoftSeq: 7, softAtMs: 1 }, VALIDATE],
  ])("%s", (_, seq, record, verdict) => {
    expect(state(seq, { [A]: record })).toEqual(verdict);
    expect(state(seq, { [B]: record })).toEqual(verdict);
  });
});

describe("several targets: the strictest decides, whatever the order", () => {
  const HARD = { hardSeq: 6 };
  const SOFT = { softSeq: 6, softAtMs: 100 };
  const LATER = { softSeq: 7, softAtMs: 200 };
  const TWICE = { softSeq: 9, previousSoftSeq: 8, softAtMs: 50 };

  it.each<[string, Partial<PurgeMarks>, Partial<PurgeMarks>, PurgeState]>([
    ["hard and soft", HARD, SOFT, GONE],
    ["hard and soft twice", HARD, TWICE, GONE],
    ["soft twice and soft", TWICE, SOFT, VALIDATE],
    ["soft and soft: the earlier", SOFT, LATER, since(100)],
    ["soft and nothing", SOFT, {}, since(100)],
    ["nothing and nothing", {}, {}, CLEAR],
  ])("%s", (_, a, b, verdict) => {
    expect(state(5, { [A]: a, [B]: b })).toEqual(verdict);
    expect(state(5, { [A]: b, [B]: a })).toEqual(verdict);
  });
});

describe("another incarnation of the log", () => {
  it.each([
    ["nothing purged since", 5, {}],
    ["a higher number than the log has", 10 ** 9, {}],
    ["records of the new one", 5, { [A]: { softSeq: 6, softAtMs: 1 } }],
  ])("counts as older than everything: %s", (_, seq, records) => {
    expect(state(seq, records, { incarnation: "old" })).toEqual({ state: "gone", reason: "purge-log-changed" });
  });

  it("even for a response without targets", () => {
    expect(state(5, {}, { incarnation: "old", targets: [] })).toMatchObject({ state: "gone" });
  });
});

describe("where it is", () => {
  const hard = (target: Target) => ({ [targetHash(target)]: { hardSeq: 6 } });

  it.each<[string, Target, boolean]>([
    ["everything", { kind: "everything", value: "" }, true],
    ["its host", { kind: "host", value: "shop.test" }, true],
    ["another host", { kind: "host", value: "test" }, false],
    ["its URL", { kind: "url", value: "https://shop.test/a/b?c=1" }, true],
    ["another scheme", { kind: "url", value: "http://shop.test/a/b?c=1" }, false],
    ["another query", { kind: "url", value: "https://shop.test/a/b" }, false],
    ["its path, whatever the query", { kind: "path", value: "shop.test/a/b" }, true],
    ["its path on every host", { kind: "path", value: "/a/b" }, true],
    ["the beginning of its path", { kind: "path", value: "/a" }, false],
    ["a prefix", { kind: "prefix", value: "shop.test/a/" }, true],
    ["a prefix on every host", { kind: "prefix", value: "/a/" }, true],
    ["the whole path as a prefix", { kind: "prefix", value: "shop.test/a/b" }, true],
    ["a longer prefix", { kind: "prefix", value: "shop.test/a/b?c" }, false],
    ["another prefix of the same length", { kind: "prefix", value: "/b/" }, false],
    ["its host's browsers", { kind: "browsers", value: "shop.test" }, false],
    ["all browsers", { kind: "browsers", value: "" }, false],
  ])("%s", (_, target, isPurged) => {
    const lengths = target.kind === "prefix" ? [2, target.value.length, 1000].toSorted((a, b) => a - b) : [];
    expect(state(5, hard(target), { lengths, targets: [] })).toEqual(isPurged ? GONE : CLEAR);
    expect(state(6, hard(target), { lengths, targets: [] })).toEqual(CLEAR);
  });
});

describe("the floor counts for every response fetched before it", () => {
  const FLOOR_GONE: PurgeState = { state: "gone", reason: "purge-floor" };

  it.each<[string, number, Partial<Floor>, PurgeState]>([
    ["hard", 5, { hardSeq: 6 }, FLOOR_GONE],
    ["hard, fetched after", 6, { hardSeq: 6 }, CLEAR],
    ["soft", 5, { softSeq: 6, softAtMs: 100 }, since(100)],
    ["soft, fetched after", 6, { softSeq: 6, softAtMs: 100 }, CLEAR],
    ["soft twice", 5, { softSeq: 8, previousSoftSeq: 6, softAtMs: 100 }, VALIDATE],
    ["soft and hard", 5, { softSeq: 8, hardSeq: 6, softAtMs: 100 }, FLOOR_GONE],
  ])("%s", (_, seq, floor, verdict) => {
    expect(state(seq, {}, { floor, targets: [] })).toEqual(verdict);
  });

  it("and a record may still be stricter", () => {
    const floor = { softSeq: 6, softAtMs: 100 };
    expect(state(5, { [A]: { hardSeq: 7 } }, { floor })).toEqual(GONE);
    expect(state(5, { [A]: { softSeq: 7, softAtMs: 50 } }, { floor })).toEqual(since(50));
  });

  it("says nothing of what was fetched since the last purge", () => {
    expect(state(9, {}, { floor: { hardSeq: 10 }, logSeq: 9 })).toEqual(CLEAR);
  });

  it("makes some of the younger stale before the next rise, the fewer the younger, each place always alike", () => {
    const floor = { softSeq: 20, jitterSeq: 60, softAtMs: 100, roseAtMs: 500 };
    const staleAt = (seq: number): number => {
      const states = Array.from({ length: 400 }, (_, i) => {
        const place = { ...PLACE, path: `/p/${String(i)}` };
        const one = state(seq, {}, { floor, targets: [], place });
        expect(state(seq, {}, { floor, targets: [], place })).toEqual(one);
        if (one.state !== "clear") expect(one).toEqual(since(500));
        return one.state;
      });
      return states.filter((one) => one === "stale").length;
    };
    const counts = [20, 30, 40, 50, 60].map(staleAt);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(counts.at(0)).toBeGreaterThan(390);
    expect(counts.at(2)).toBeGreaterThan(150);
    expect(counts.at(2)).toBeLessThan(250);
    expect(counts.at(-1)).toBe(0);
  });
});

it("a response is never clear of a purge of any of its targets that came after its fetch", () => {
  const seq = fc.integer({ min: 0, max: 9 });
  const record = fc.record({ hardSeq: seq, softSeq: seq, previousSoftSeq: seq, softAtMs: seq });
  fc.assert(
    fc.property(seq, record, record, (fence, a, b) => {
      const verdict = state(fence, { [A]: a, [B]: b });
      const hard = fence < a.hardSeq || fence < b.hardSeq;
      const soft = [a, b].some(({ softSeq, previousSoftSeq }) => fence < softSeq || fence < previousSoftSeq);
      expect(verdict.state === "gone").toBe(hard);
      expect(verdict.state === "clear").toBe(!hard && !soft);
    }),
    { numRuns: 1000 },
  );
});
