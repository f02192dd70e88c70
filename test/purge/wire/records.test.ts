// Owns the proof that purge records only ever tighten: one after the other, merged in any order.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PurgeState } from "../../../src/http/law/reuse.ts";
import type { PurgeMode } from "../../../src/http/targets/purge-order.ts";
import type { TargetHash } from "../../../src/http/targets/target.ts";
import { purgeState } from "../../../src/purge/reader/match.ts";
import { mergedMarks, NO_FLOOR, purgedAgain, type PurgeMarks } from "../../../src/purge/wire/records.ts";

const TARGET = "aaaaaaaaaaaaaaaa" as TargetHash;
const history = fc.array(fc.constantFrom<PurgeMode>("hard", "soft"), { minLength: 1, maxLength: 8 });

/** The record after each purge of a history, the first under number 1 at second 1. */
function records(modes: readonly PurgeMode[], firstSeq = 1): readonly PurgeMarks[] {
  const states: PurgeMarks[] = [];
  for (const [index, mode] of modes.entries()) {
    const seq = firstSeq + index;
    states.push(purgedAgain(states.at(-1), mode, seq, seq * 1000));
  }
  return states;
}

function stateOf(record: PurgeMarks, seq: number): PurgeState {
  const place = { scheme: "https", host: "shop.test", path: "/", query: "" } as const;
  return purgeState({ targets: [TARGET], fence: { incarnation: "log", seq } }, place, {
    incarnation: "log",
    seq: 100,
    floor: NO_FLOOR,
    marksOf: (target) => (target === TARGET ? record : undefined),
    prefixLengths: () => [],
  });
}

const STRICTNESS = { clear: 0, stale: 1, unknown: 1, validate: 2, gone: 3 };

describe("one purge after another", () => {
  it.each<[string, readonly PurgeMode[], PurgeMarks]>([
    ["hard", ["hard"], { hardSeq: 1, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 }],
    ["soft", ["soft"], { hardSeq: 0, softSeq: 1, previousSoftSeq: 0, softAtMs: 1000 }],
    ["soft, soft", ["soft", "soft"], { hardSeq: 0, softSeq: 2, previousSoftSeq: 1, softAtMs: 2000 }],
    ["soft, soft, soft", ["soft", "soft", "soft"], { hardSeq: 0, softSeq: 3, previousSoftSeq: 2, softAtMs: 3000 }],
    ["hard, soft", ["hard", "soft"], { hardSeq: 1, softSeq: 2, previousSoftSeq: 0, softAtMs: 2000 }],
    ["soft, hard", ["soft", "hard"], { hardSeq: 2, softSeq: 1, previousSoftSeq: 0, softAtMs: 1000 }],
  ])("%s", (_, modes, expected) => {
    expect(records(modes).at(-1)).toEqual(expected);
  });

  it("a later purge never lightens what an earlier one said", () => {
    fc.assert(
      fc.property(history, fc.nat(9), (modes, fence) => {
        const strictness = records(modes).map((record) => STRICTNESS[stateOf(record, fence).state]);
        expect(strictness).toEqual([...strictness].sort((a, b) => a - b));
      }),
    );
  });

  it("a later soft purge never hides an earlier hard one", () => {
    fc.assert(
      fc.property(history, history, (before, after) => {
        const modes: PurgeMode[] = [...before, "hard", ...after.map((): PurgeMode => "soft")];
        const last = records(modes).at(-1);
        for (let fence = 0; fence <= before.length; fence++) {
          expect(last && stateOf(last, fence)).toEqual({ state: "gone", reason: "purged" });
        }
      }),
    );
  });

  it("a later soft purge never extends a stale window", () => {
    fc.assert(
      fc.property(history, fc.nat(9), (modes, fence) => {
        const [before, after] = records([...modes, "soft"]).slice(-2);
        if (!before || !after) return;
        const [was, is] = [stateOf(before, fence), stateOf(after, fence)];
        if (was.state === "stale") expect(is.state).toBe("validate");
      }),
    );
  });
});

describe("merging", () => {
  const any = fc.record<PurgeMarks>({
    hardSeq: fc.nat(9),
    softSeq: fc.integer({ min: 1, max: 9 }),
    previousSoftSeq: fc.nat(9),
    softAtMs: fc.nat(9),
  });
  /** A record that a log can have written: the later soft purge has the later time. */
  const real = fc.tuple(history, fc.integer({ min: 1, max: 9 })).map(([modes, first]) => records(modes, first).at(-1));

  it("with nothing is the record itself", () => {
    fc.assert(
      fc.property(any, (record) => {
        expect(mergedMarks(undefined, record)).toEqual(record);
      }),
    );
  });

  it("is commutative, associative and idempotent for what a log can have written", () => {
    fc.assert(
      fc.property(real, real, real, (a, b, c) => {
        if (!a || !b || !c) return;
        expect(mergedMarks(a, b)).toEqual(mergedMarks(b, a));
        expect(mergedMarks(mergedMarks(a, b), c)).toEqual(mergedMarks(a, mergedMarks(b, c)));
        expect(mergedMarks(a, a)).toEqual(a);
      }),
      { numRuns: 500 },
    );
  });

  it("of an earlier and a later state of one target is the later, in either order", () => {
    fc.assert(
      fc.property(history, fc.nat(7), (modes, index) => {
        const states = records(modes);
        const [earlier, latest] = [states[Math.min(index, states.length - 1)], states.at(-1)];
        if (!earlier || !latest) return;
        expect(mergedMarks(earlier, latest)).toEqual(latest);
        expect(mergedMarks(latest, earlier)).toEqual(latest);
      }),
    );
  });

  it("of two targets with one hash only over-purges", () => {
    fc.assert(
      fc.property(real, real, fc.nat(20), (a, b, fence) => {
        if (!a || !b) return;
        const [first, second, both] = [stateOf(a, fence), stateOf(b, fence), stateOf(mergedMarks(a, b), fence)];
        expect(STRICTNESS[both.state]).toBeGreaterThanOrEqual(STRICTNESS[first.state]);
        expect(STRICTNESS[both.state]).toBeGreaterThanOrEqual(STRICTNESS[second.state]);
        if (both.state !== "stale") return;
        for (const alone of [first, second]) {
          if (alone.state === "stale") expect(both.sinceMs).toBeLessThanOrEqual(alone.sinceMs);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
