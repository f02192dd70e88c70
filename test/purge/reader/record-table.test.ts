// Owns the proof that records in typed arrays say what records in a map would, and are dropped for good.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { targetHash } from "../../../src/http/targets/target.ts";
import { slotHash, recordTable } from "../../../src/purge/reader/record-table.ts";
import { changedSeq, mergedMarks, type PurgeRecord } from "../../../src/purge/wire/records.ts";

const hashOf = (value: string) => targetHash({ kind: "tag", value });

const record = (value: string, hardSeq: number, changes: Partial<PurgeRecord> = {}): PurgeRecord => ({
  target: hashOf(value),
  prefixLength: 0,
  hardSeq,
  softSeq: 0,
  previousSoftSeq: 0,
  softAtMs: 0,
  ...changes,
});

const marks = fc.record({
  value: fc.integer({ min: 0, max: 300 }).map(String),
  prefixLength: fc.constantFrom(0, 0, 3, 7, 70_000),
  hardSeq: fc.nat(1000),
  softSeq: fc.nat(1000),
  previousSoftSeq: fc.nat(1000),
  softAtMs: fc.constantFrom(0, 5, Date.UTC(2026, 10, 22)),
});

describe("record table", () => {
  it("says what a map would: property over records and drops", () => {
    const step = fc.oneof({ weight: 20, arbitrary: marks }, { weight: 1, arbitrary: fc.nat(1000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 500, size: "max" }), (steps) => {
        const table = recordTable(Math.random);
        const map = new Map<string, PurgeRecord>();
        let dropped = 0;
        for (const one of steps) {
          if (typeof one === "number") {
            table.drop(one);
            dropped = Math.max(dropped, one);
            for (const [value, held] of map) if (changedSeq(held) <= dropped) map.delete(value);
            continue;
          }
          const added = record(one.value, 0, { ...one, target: hashOf(one.value) });
          table.merge(added);
          if (changedSeq(added) <= dropped) continue;
          const before = map.get(one.value);
          const prefixLength = Math.max(before?.prefixLength ?? 0, Math.min(one.prefixLength, 65_535));
          map.set(one.value, {
            target: added.target,
            prefixLength,
            ...(before ? mergedMarks(before, added) : pick(added)),
          });
        }
        expect(table.all()).toHaveLength(map.size);
        for (let value = 0; value <= 301; value++) {
          const held = map.get(String(value));
          expect(table.marksOf(hashOf(String(value)))).toEqual(held && pick(held));
        }
        const lengths = [...new Set([...map.values()].map(({ prefixLength }) => prefixLength))].filter(
          (each) => each > 0,
        );
        expect(table.prefixLengths()).toEqual(lengths.toSorted((a, b) => a - b));
        const byTarget = (a: PurgeRecord, b: PurgeRecord): number => (a.target < b.target ? -1 : 1);
        expect(table.all().toSorted(byTarget)).toEqual([...map.values()].sort(byTarget));
      }),
      { numRuns: 100 },
    );
  });

  it("keeps numbers as large as a log can count, and hashes with every bit set", () => {
    const table = recordTable(Math.random);
    const seq = Number.MAX_SAFE_INTEGER;
    const target = "ffffffffffffffff" as PurgeRecord["target"];
    table.merge(record("", seq, { target }));
    expect(table.marksOf(target)).toMatchObject({ hardSeq: seq });
    expect(table.all()).toMatchObject([{ target, hardSeq: seq }]);
  });

  it("finds one among 100,000, and none that is not there, and is empty when all were dropped", () => {
    const table = recordTable(Math.random);
    for (let i = 1; i <= 100_000; i++) table.merge(record(String(i), i, { prefixLength: i % 5 }));
    expect(table.all()).toHaveLength(100_000);
    expect(table.marksOf(hashOf("77777"))).toMatchObject({ hardSeq: 77_777 });
    expect(table.marksOf(hashOf("0"))).toBeUndefined();
    expect(table.prefixLengths()).toEqual([1, 2, 3, 4]);
    table.drop(99_999);
    expect(table.all()).toHaveLength(1);
    expect(table.prefixLengths()).toEqual([]);
    expect(table.marksOf(hashOf("77777"))).toBeUndefined();
    table.merge(record("77777", 77_777));
    expect(table.all()).toHaveLength(1);
    table.drop(100_000);
    expect(table.all().length).toBe(0);
    expect(table.all()).toEqual([]);
  });
});

describe("slots", () => {
  const MANY = 50_000;
  /** How many of them share a slot at most, of 2^17. */
  function crowd(hashes: readonly (readonly [number, number])[], random: () => number): number {
    const placed = slotHash(random);
    const slots = new Uint16Array(2 ** 17);
    let most = 0;
    for (const [high, low] of hashes) {
      const slot = placed(high, low) >>> 15;
      slots[slot] = (slots[slot] ?? 0) + 1;
      most = Math.max(most, slots[slot] ?? 0);
    }
    return most;
  }
  const chance = (): number => Math.floor(Math.random() * 2 ** 32);
  const chosen = (of: (i: number) => readonly [number, number]) => Array.from({ length: MANY }, (_, i) => of(i));

  it.each<[string, (i: number) => readonly [number, number]]>([
    ["no way", () => [chance(), chance()]],
    ["their last bits", () => [chance(), (chance() & 0xfffc_0000) >>> 0]],
    ["their last half", () => [chance(), 7]],
    ["their first half", () => [7, chance()]],
    ["their first bits", () => [chance() >>> 14, chance()]],
    ["the first bits of their last half", () => [chance(), chance() >>> 17]],
  ])("are not crowded by hashes chosen to be alike in %s", (_, of) => {
    for (let round = 0; round < 20; round++) expect(crowd(chosen(of), Math.random)).toBeLessThan(40);
  });
});

function pick({ hardSeq, softSeq, previousSoftSeq, softAtMs }: PurgeRecord) {
  return { hardSeq, softSeq, previousSoftSeq, softAtMs };
}
