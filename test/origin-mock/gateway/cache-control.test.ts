// Proves the reading of cache-control fields, and which of them governs (RFC 9111 5.2.2, RFC 9213 2.2).
import fc from "fast-check";
import { expect, test } from "vitest";
import { freshSeconds, parseDirectives, policiesOf } from "../../../origin-mock/gateway/cache-control.ts";

test.each([
  ["public, max-age=10", { public: undefined, "max-age": "10" }],
  ["Public,MAX-AGE = 10", undefined],
  [" no-store ,, ", { "no-store": undefined }],
  ['private="set-cookie, x", max-age="5"', { private: "set-cookie, x", "max-age": "5" }],
  ["max-age=1, max-age=2", { "max-age": "1" }],
  ["max-age=", { "max-age": "" }],
  ['private="', undefined],
  ["a b", undefined],
  ["", {}],
])("%s", (field, expected) => {
  const directives = parseDirectives(field);
  expect(directives === undefined ? undefined : Object.fromEntries(directives)).toEqual(expected);
});

test.each([
  [{ "cache-control": "max-age=5" }, 5],
  [{ "cache-control": "max-age=5, s-maxage=7" }, 7],
  [{ "cache-control": "max-age=5", "cdn-cache-control": "max-age=60" }, 60],
  [{ "cache-control": "max-age=5", "cdn-cache-control": "" }, 5],
  [{ "cache-control": "max-age=500", "cdn-cache-control": "private" }, 0],
  [{ "cache-control": "max-age=500", "cdn-cache-control": '"' }, 0],
  [{ "cache-control": "max-age=-1" }, 0],
  [{ "cache-control": "max-age=1.5" }, 0],
  [{ "cache-control": "public" }, 0],
])("%o is fresh for %i s", (fields: Record<string, string>, seconds) => {
  const [governing] = policiesOf((name) => fields[name]);
  expect(governing === undefined ? 0 : freshSeconds(governing)).toBe(seconds);
});

test("junk ends in a verdict, soon", () => {
  const junk = fc.string({ unit: fc.constantFrom("a", "=", '"', ",", " ", "\\", ";", "é"), maxLength: 200 });
  fc.assert(fc.property(junk, (field) => [true, false].includes(parseDirectives(field) === undefined)));
  const startMs = performance.now();
  parseDirectives(`${" ".repeat(50_000)}"`);
  parseDirectives(`a="${"\\".repeat(100_001)}`);
  // its square would take a minute
  expect(performance.now() - startMs).toBeLessThan(5_000);
});
