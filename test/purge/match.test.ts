// Owns the proof of what purge records say of a stored response.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PurgeState } from "../../src/http/reuse.ts";
import type { TargetHash } from "../../src/http/target.ts";
import { purgeState } from "../../src/purge/match.ts";
import type { PurgeRecord } from "../../src/purge/records.ts";

const A = "aaaaaaaaaaaaaaaa" as TargetHash;
const B = "bbbbbbbbbbbbbbbb" as TargetHash;
const NEVER = { hardSeq: 0, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 };

function state(seq: number, records: Readonly<Record<string, Partial<PurgeRecord>>>, incarnation = "log"): PurgeState {
  const held = new Map(
    Object.entries(records).map(([name, parts]): [TargetHash, PurgeRecord] => {
      const target = name as TargetHash;
      return [target, { ...NEVER, ...parts, target }];
    }),
  );
  return purgeState({ targets: [A, B], fence: { incarnation, seq } }, "log", (target) => held.get(target));
}

const CLEAR: PurgeState = { state: "clear" };
const GONE: PurgeState = { state: "gone", reason: "purged" };
const VALIDATE: PurgeState = { state: "validate" };
const since = (sinceMs: number): PurgeState => ({ state: "stale", sinceMs });

describe("one target", () => {
  it.each<[string, number, Partial<PurgeRecord>, PurgeState]>([
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

  it.each<[string, Partial<PurgeRecord>, Partial<PurgeRecord>, PurgeState]>([
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
    expect(state(seq, records, "old")).toEqual({ state: "gone", reason: "purge-log-changed" });
  });

  it("even for a response without targets", () => {
    const untagged = { targets: [], fence: { incarnation: "old", seq: 5 } };
    expect(purgeState(untagged, "log", () => undefined)).toMatchObject({ state: "gone" });
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
