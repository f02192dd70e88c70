// Proves the reading of Prefer (RFC 7240).
import fc from "fast-check";
import { expect, test } from "vitest";
import { waitSeconds } from "../../../origin-mock/http/prefer.ts";

test.each([
  ["wait=5", 5],
  ["WAIT = 5", 5],
  ['wait="5"', 5],
  ["respond-async, wait=10", 10],
  ["wait=10;strict, handling=lenient", 10],
  // Section 2: of several the first counts.
  ["wait=1, wait=2", 1],
  ["wait=0", 0],
  [undefined, undefined],
  ["", undefined],
  ["wait", undefined],
  ["wait=", undefined],
  ["wait=-1", undefined],
  ["wait=1.5", undefined],
  ["wait=soon", undefined],
  ["await=5", undefined],
  ["x;wait=5", undefined],
  ['x="a, wait=5"', undefined],
  ['x="a\\", wait=5"', undefined],
])("%s", (field, expected) => {
  expect(waitSeconds(field)).toBe(expected);
});

test("whatever is sent, it is a number of seconds or nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("wait", "=", ",", ";", '"', "\\", " ", "1", "9", "x") }), (field) => {
      const seconds = waitSeconds(field);
      expect(seconds === undefined || (Number.isInteger(seconds) && seconds >= 0)).toBe(true);
    }),
  );
});
