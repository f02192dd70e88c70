// Owns the proof that a delta survives its way as bytes, that nothing else is taken for one, and that 100,000 records fit in 2 MB.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashBytes } from "../../../src/http/message/hash.ts";
import type { PurgeState } from "../../../src/http/law/reuse.ts";
import type { TargetHash } from "../../../src/http/targets/target.ts";
import { purgeState } from "../../../src/purge/reader/match.ts";
import {
  type BrowserPurge,
  type Delta,
  type Floor,
  mergedMarks,
  NO_FLOOR,
  type PurgeRecord,
} from "../../../src/purge/wire/records.ts";
import { decodeDelta, encodeDelta } from "../../../src/purge/wire/delta-codec.ts";

const hash = fc
  .tuple(fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1))
  .map((halves) => halves.map((half) => half.toString(16).padStart(8, "0")).join("") as TargetHash);
const number = fc.oneof(
  fc.nat(20),
  fc.nat(10 ** 8),
  fc.maxSafeNat().map((n) => Math.floor(n / 2)),
);
const timeMs = fc.oneof(fc.nat(5000), fc.nat(4e12));

const record: fc.Arbitrary<PurgeRecord> = fc
  .record({
    target: hash,
    prefixLength: fc.oneof(fc.constant(0), fc.nat(70_000)),
    hardSeq: number,
    softSeq: number,
    previousSoftSeq: number,
    softAtMs: timeMs,
  })
  // as logs write them
  .map((r) => ({
    ...r,
    // no order is hard and soft
    hardSeq: r.hardSeq === r.softSeq && r.softSeq > 0 ? r.softSeq - 1 : r.hardSeq,
    previousSoftSeq: Math.min(r.softSeq, r.previousSoftSeq),
    softAtMs: r.softSeq === 0 ? 0 : r.softAtMs,
  }));
const floor: fc.Arbitrary<Floor> = fc.oneof(
  fc.constant(NO_FLOOR),
  fc.record({
    hardSeq: number,
    softSeq: number,
    previousSoftSeq: number,
    softAtMs: timeMs,
    seq: number,
    jitterSeq: number,
    roseAtMs: timeMs,
  }),
);
const browserPurge: fc.Arbitrary<BrowserPurge> = fc.record({
  target: hash,
  epoch: fc.nat(4e9),
  seq: number.map((n) => n + 1),
});
const browsers = fc.uniqueArray(browserPurge, { maxLength: 10, selector: ({ target }) => target });
const records = fc.uniqueArray(record, { maxLength: 30, selector: ({ target }) => target });
const delta = (floors: fc.Arbitrary<Floor>): fc.Arbitrary<Delta> =>
  fc.record({
    incarnation: fc.oneof(fc.uuid(), fc.string({ unit: "grapheme", maxLength: 20 })),
    seq: number,
    from: number,
    floor: floors,
    records,
    browsers,
  });

const byTarget = <T extends { readonly target: TargetHash }>(list: readonly T[]) =>
  list.toSorted((a, b) => (a.target < b.target ? -1 : 1));
const atSecond = (r: PurgeRecord): PurgeRecord => ({ ...r, softAtMs: Math.floor(r.softAtMs / 1000) * 1000 });

function decoded(bytes: Uint8Array): Delta {
  const read = decodeDelta(bytes);
  if (!read) throw new Error("not a delta");
  return read;
}

const STRICTNESS = { clear: 0, stale: 1, unknown: 1, validate: 2, gone: 3 };
const PLACE = { scheme: "https", host: "shop.test", path: "/", query: "" } as const;

function verdict({ incarnation, seq, floor, records }: Delta, target: TargetHash, fence: number): PurgeState {
  return purgeState({ targets: [target], fence: { incarnation, seq: fence } }, PLACE, {
    incarnation,
    seq: Math.max(seq, fence + 1),
    floor,
    marksOf: (wanted) => records.find((r) => r.target === wanted),
    prefixLengths: () => [],
  });
}

describe("there and back", () => {
  it("is what it was, with the times of soft purges in whole seconds", () => {
    fc.assert(
      fc.property(delta(fc.constant(NO_FLOOR)), (given) => {
        const read = decoded(encodeDelta(given));
        expect({ ...read, records: [], browsers: [] }).toEqual({ ...given, records: [], browsers: [] });
        expect(byTarget(read.browsers)).toEqual(byTarget(given.browsers));
        expect(byTarget(read.records)).toEqual(byTarget(given.records).map(atSecond));
      }),
      { numRuns: 500 },
    );
  });

  it("never makes a verdict milder, with a floor or without, nor stricter but for that second", () => {
    fc.assert(
      fc.property(delta(floor), fc.nat(29), number, (given, index, fence) => {
        const target = given.records[index % Math.max(1, given.records.length)]?.target;
        if (target === undefined) return;
        const [before, after] = [verdict(given, target, fence), verdict(decoded(encodeDelta(given)), target, fence)];
        expect(STRICTNESS[after.state]).toBe(STRICTNESS[before.state]);
        if (before.state !== "stale" || after.state !== "stale") return;
        expect(after.sinceMs).toBeLessThanOrEqual(before.sinceMs);
        expect(after.sinceMs).toBeGreaterThan(before.sinceMs - 1000);
      }),
      { numRuns: 2000 },
    );
  });

  it("once read, stays as it is", () => {
    fc.assert(
      fc.property(delta(floor), (given) => {
        const bytes = encodeDelta(given);
        expect(encodeDelta(decoded(bytes))).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

describe("purges of browsers, to the version before and from it", () => {
  const BASE = { incarnation: "log", seq: 9, from: 0, floor: NO_FLOOR };
  const TARGET = "0123456789abcdef" as TargetHash;
  /** As that version's records have them: written here past the type that keeps them apart. */
  const asRecord = { target: TARGET, prefixLength: 0, hardSeq: 7, softSeq: 7, previousSoftSeq: 0, softAtMs: 5000 };
  const purged: BrowserPurge = { target: TARGET, epoch: 5, seq: 7 };

  it("are the same bytes as its records of them", () => {
    const own = encodeDelta({ ...BASE, records: [], browsers: [purged] });
    expect(own).toEqual(encodeDelta({ ...BASE, records: [asRecord], browsers: [] }));
    expect(decoded(own)).toMatchObject({ records: [], browsers: [purged] });
  });

  it("are read where it put two of one host together, in a colo's copy", () => {
    const merged = { ...asRecord, ...mergedMarks({ ...asRecord, hardSeq: 3, softSeq: 3, softAtMs: 1000 }, asRecord) };
    expect(merged).toMatchObject({ hardSeq: 7, softSeq: 7, previousSoftSeq: 3 });
    expect(decoded(encodeDelta({ ...BASE, records: [merged], browsers: [] })).browsers).toEqual([purged]);
  });
});

describe("anything else is no delta", () => {
  const SAMPLE: Delta = {
    incarnation: "log",
    seq: 300,
    from: 0,
    floor: { ...NO_FLOOR, hardSeq: 3, seq: 3 },
    records: [
      {
        target: "0123456789abcdef" as TargetHash,
        prefixLength: 9,
        hardSeq: 200,
        softSeq: 300,
        previousSoftSeq: 100,
        softAtMs: 5000,
      },
      {
        target: "f123456789abcdef" as TargetHash,
        prefixLength: 0,
        hardSeq: 201,
        softSeq: 0,
        previousSoftSeq: 0,
        softAtMs: 0,
      },
    ],
    browsers: [],
  };

  it("cut off at any byte", () => {
    const bytes = encodeDelta(SAMPLE);
    for (let length = 0; length < bytes.length; length++)
      expect(decodeDelta(bytes.subarray(0, length))).toBeUndefined();
    expect(decodeDelta(bytes)).toBeDefined();
  });

  it("with any bit turned, or with more behind it", () => {
    const bytes = encodeDelta(SAMPLE);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const turned = bytes.slice();
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeDelta(turned)).toBeUndefined();
    }
    expect(decodeDelta(Uint8Array.from([...bytes, 0]))).toBeUndefined();
  });

  /** With a checksum that fits, as a foreign writer may have written it. */
  function summed(content: readonly number[] | Uint8Array): Uint8Array {
    const bytes = Uint8Array.from(content);
    const sum = hashBytes(bytes).match(/../g) ?? [];
    return Uint8Array.from([...bytes, ...sum.map((byte) => Number.parseInt(byte, 16))]);
  }

  it("of a version to come, cut off or changed and summed anew", () => {
    const content = encodeDelta(SAMPLE).slice(0, -8);
    expect(decodeDelta(summed(content))).toBeDefined();
    expect(decodeDelta(summed(content.with(3, 2)))).toBeUndefined();
    for (let length = 0; length < content.length; length++) {
      expect(decodeDelta(summed(content.subarray(0, length)))).toBeUndefined();
    }
  });

  it("with records of a shape that this version does not know", () => {
    const content = encodeDelta({ ...SAMPLE, records: SAMPLE.records.slice(1) }).slice(0, -8);
    // a name, numbers, one section: its shape comes before its count and 10 bytes
    const at = content.length - 8 - 2 - 1 - 1;
    expect([content[at], content[at + 1]]).toEqual([1, 1]);
    expect(decodeDelta(summed(content))).toBeDefined();
    for (const shape of [16, 17, 33, 128, 255]) expect(decodeDelta(summed(content.with(at, shape)))).toBeUndefined();
  });

  it("garbage, of which it never throws", () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const magic = encodeDelta(SAMPLE).slice(0, 4);
    const known = (read: Delta | undefined): void => {
      if (!read) return;
      for (const { hardSeq, softSeq, previousSoftSeq, softAtMs } of read.records) {
        for (const value of [hardSeq, softSeq, previousSoftSeq, softAtMs]) expect(value).toBeGreaterThanOrEqual(0);
      }
    };
    fc.assert(
      fc.property(bytes, (garbage) => {
        expect(decodeDelta(garbage)).toBeUndefined();
        known(decodeDelta(summed(garbage)));
        known(decodeDelta(summed([...magic, ...garbage])));
        // a name, then numbers
        known(decodeDelta(summed([...magic, 1, 65, ...garbage])));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("size", () => {
  const random = (below: number): number => Math.floor(Math.random() * below);
  const HISTORY = 10 ** 8;
  const THIRTY_DAYS_MS = 30 * 24 * 3600 * 1000;

  function whole(prefixLength: number): Delta {
    const records = Array.from({ length: 100_000 }, (_, i): PurgeRecord => {
      const softSeq = 2 + random(HISTORY - 2);
      return {
        target: (i.toString(16).padStart(8, "0") +
          random(2 ** 32)
            .toString(16)
            .padStart(8, "0")) as TargetHash,
        prefixLength,
        hardSeq: 1 + random(HISTORY),
        softSeq,
        previousSoftSeq: 1 + random(softSeq),
        softAtMs: 1.8e12 + Math.floor((softSeq / HISTORY) * THIRTY_DAYS_MS),
      };
    });
    return { incarnation: crypto.randomUUID(), seq: HISTORY, from: 0, floor: NO_FLOOR, records, browsers: [] };
  }

  it.each([
    ["no prefixes", 0],
    ["all of them prefixes", 100],
  ])("100,000 records with all marks set in 100,000,000 purges take at most 2 MB: %s", (_, prefixLength) => {
    const bytes = encodeDelta(whole(prefixLength));
    expect(bytes.length).toBeLessThanOrEqual(2_000_000);
    expect(decoded(bytes).records).toHaveLength(100_000);
  });

  it("100,000 hard purges take 1 MB", () => {
    const given = whole(0);
    const hard = given.records.map((r) => ({ ...r, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 }));
    expect(encodeDelta({ ...given, records: hard }).length).toBeLessThan(1_010_000);
  });
});
