// Proves the key: no two requests that a route could tell apart share one, and what it cannot tell apart does.
import fc from "fast-check";
import { getQueryParams } from "hono/utils/url";
import { expect, test } from "vitest";
import { answerName, canonicalQuery, keyParts } from "../../../origin-mock/gateway/key.ts";
import type { Asked } from "../../../origin-mock/gateway/key.ts";
import { joinParts } from "../../../origin-mock/gateway/names.ts";

const asked = (more: Partial<Asked>): Asked => ({
  path: "/api/products",
  query: "",
  acceptLanguage: undefined,
  person: undefined,
  ...more,
});

const NAMES = ["a", "b", "a b", "1"];
const ofQuery = (query: string): string => keyParts(asked({ query: canonicalQuery(query, NAMES) }));

test.each([
  ["order of names", "a=1&b=2", "b=2&a=1", true],
  ["order of values", "a=1&a=2", "a=2&a=1", false],
  ["order of values under two spellings of a name", "a=1&%61=2", "%61=2&a=1", false],
  ["a name that is a plus sign's", "a+b=1&a%20b=2", "a%20b=2&a+b=1", false],
  ["an ampersand in a value", "a=1&b=2", "a=1%26b=2", false],
  ["another spelling of a value", "a=%31", "a=1", false],
  ["an empty pair", "a=1&&b=2", "a=1&b=2", true],
  ["no value and none", "a", "a=", false],
  ["what no route reads", "a=1&utm_source=x&a=2&z", "a=1&a=2", true],
  ["what no route can read", "%ff=1&a=2&%=3", "a=2", true],
])("%s", (_, one, other, same) => {
  expect(ofQuery(one) === ofQuery(other)).toBe(same);
});

test("a language is reduced, a person is not everyone, and a role makes another person", () => {
  const person = { username: "alice", role: "customer" } as const;
  expect(keyParts(asked({ acceptLanguage: "de-AT, en;q=0.3" }))).toBe(keyParts(asked({ acceptLanguage: "de" })));
  const keys = [
    asked({}),
    asked({ acceptLanguage: "fr" }),
    asked({ person }),
    asked({ person: { ...person, role: "admin" } }),
    asked({ person: { ...person, username: "bob" } }),
  ].map(keyParts);
  expect(new Set(keys).size).toBe(keys.length);
});

const anything = fc.string({ unit: fc.constantFrom("a", "b", "&", "=", ":", "1", "%", "2", "6", "+", "/", "é", "\n") });
const person = fc.option(
  fc.record({ username: anything, role: fc.constantFrom("customer" as const, "admin" as const) }),
  {
    nil: undefined,
  },
);
const request = fc.record({ path: anything, query: anything, acceptLanguage: fc.constantFrom("en", "de"), person });

/** As a route sees a query: values of the names it reads, in order; by the reader that the routes have. */
const seen = (query: string): string =>
  JSON.stringify(NAMES.map((name) => getQueryParams(`http://shop.test/?${query}`, name) ?? null));
const keyOf = (one: Asked): string => keyParts({ ...one, query: canonicalQuery(one.query, NAMES) });

test("parts are told apart, wherever they are cut", () => {
  fc.assert(
    fc.property(fc.array(anything), fc.array(anything), (one, other) => {
      expect(joinParts(one) === joinParts(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});

test("one key: the same path, person, language, and the same query to the eyes of a route", () => {
  fc.assert(
    fc.property(request, request, (one, other) => {
      if (keyOf(one) !== keyOf(other)) return;
      expect([other.path, other.acceptLanguage, other.person]).toEqual([one.path, one.acceptLanguage, one.person]);
      expect(seen(other.query)).toBe(seen(one.query));
    }),
    { numRuns: 2_000 },
  );
  fc.assert(
    // Permutations of one query, so that keys do meet.
    fc.property(fc.array(anything, { maxLength: 5 }), fc.func(fc.integer()), (pairs, weigh) => {
      const one = pairs.join("&");
      const other = pairs.toSorted((a, b) => weigh(a) - weigh(b)).join("&");
      if (ofQuery(one) === ofQuery(other)) expect(seen(other)).toBe(seen(one));
      expect(seen(canonicalQuery(one, NAMES))).toBe(seen(one));
    }),
    { numRuns: 2_000 },
  );
});

test("in Redis it is a digest of one length", () => {
  fc.assert(fc.property(request, (one) => /^shop:gateway:1:answer:[\w-]{43}$/.test(answerName(one))));
});
