// Owns the proof that a bounded map holds exactly the entries written last, whatever was done to it before.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedMap } from "../../src/base/bounded-map.ts";

const key = fc.integer({ min: 0, max: 12 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("set" as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
);

describe("a bounded map", () => {
  it("does what a list does that is cut to its limit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 200 }), (limit, steps) => {
        const map = boundedMap<number, number>(limit);
        let model: (readonly [number, number])[] = [];
        for (const [value, { kind, key: at }] of steps.entries()) {
          model = model.filter(([known]) => known !== at);
          if (kind === "delete") map.delete(at);
          else {
            model.push([at, value]);
            const expected = model.length > limit ? model.shift() : undefined;
            expect(map.set(at, value)).toEqual(expected);
          }
          const known = new Map(model);
          expect(map.size).toBe(known.size);
          for (let each = 0; each <= 12; each++) {
            expect(map.get(each)).toBe(known.get(each));
          }
        }
      }),
    );
  });

  it("keeps the newest through many more writes than it has places", () => {
    const map = boundedMap<string, number>(1000);
    for (let i = 0; i < 50_000; i++) map.set(String(i), i);
    expect([map.size, map.get("48999"), map.get("49000"), map.get("49999")]).toEqual([1000, undefined, 49_000, 49_999]);
  });

  it("an entry that is written again is the newest; one that is read is not", () => {
    const map = boundedMap<string, number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.set("a", 3);
    expect(map.get("b")).toBe(2);
    expect(map.set("c", 4)).toEqual(["b", 2]);
  });

  it("forgets an entry whose value is undefined like any other", () => {
    const map = boundedMap<string, undefined>(1);
    map.set("a", undefined);
    expect(map.set("b", undefined)).toEqual(["a", undefined]);
    expect(map.size).toBe(1);
  });
});
