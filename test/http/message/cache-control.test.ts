// Owns the proof of the Cache-Control grammar: the effect of each directive, and that restrictions fail closed.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseDirectives,
  requestDirectives,
  type ResponseDirectives,
  responseDirectives,
} from "../../../src/http/message/cache-control.ts";

const read = (value: string): ResponseDirectives => responseDirectives(parseDirectives(value));

describe("durations of a response", () => {
  it.each([
    ["RFC 9111 5.2.2.1: max-age", "max-age=60", { maxAge: 60 }],
    ["RFC 9111 5.2.2.10: s-maxage beside max-age", "max-age=60, s-maxage=5", { maxAge: 60, sMaxage: 5 }],
    ["RFC 9111 5.2: names in any case", "Max-AGE=60, S-MaxAge=7", { maxAge: 60, sMaxage: 7 }],
    ["RFC 9111 5.2: the quoted form is accepted", 'max-age="60"', { maxAge: 60 }],
    ["RFC 9111 1.2.2: capped at 2^31-1", "max-age=99999999999", { maxAge: 2147483647 }],
    ["RFC 9111 4.2.1: of duplicates the first counts", "max-age=60, max-age=7200", { maxAge: 60 }],
    ["RFC 9111 4.2.1: of duplicates the first counts, across lines", "max-age=60, public, MAX-AGE=1", { maxAge: 60 }],
    ["RFC 9111 4.2.1: junk after the number is stale", "max-age=60x", { maxAge: 0 }],
    ["RFC 9111 4.2.1: a fraction is stale", "max-age=60.5", { maxAge: 0 }],
    ["RFC 9111 4.2.1: a negative is stale", "max-age=-60", { maxAge: 0 }],
    ["RFC 9111 4.2.1: no argument is stale", "max-age", { maxAge: 0 }],
    ["RFC 9111 4.2.1: an empty argument is stale", "max-age=", { maxAge: 0 }],
    ["RFC 9111 4.2.1: single quotes are no quotes", "max-age='60'", { maxAge: 0 }],
    ["RFC 9111 4.2.1: a malformed s-maxage is not repaired by max-age", "s-maxage=x, max-age=60", { sMaxage: 0 }],
    ["RFC 9111 5.2.3: inside another directive's string it says nothing", 'ext="max-age=60"', { maxAge: undefined }],
    ["RFC 9111 5.2.3: a string with a quote in it", 'ext="\\"max-age=60, ", max-age=5', { maxAge: 5 }],
    ["RFC 9111 5.2.3: another name with the same end", "x-max-age=60", { maxAge: undefined }],
    ["RFC 9111 5.2.3: another name with the same start", "max-age-x=60", { maxAge: undefined }],
    ["RFC 5861 3: stale-while-revalidate", "stale-while-revalidate=30", { staleWhileRevalidate: 30 }],
    ["RFC 5861 4: stale-if-error", "stale-if-error=30", { staleIfError: 30 }],
    ["RFC 5861 3: a malformed window is none", "stale-while-revalidate=x", { staleWhileRevalidate: 0 }],
    ["RFC 5861 4: a window without a number is none", "stale-if-error", { staleIfError: 0 }],
  ] as const)("%s", (_, value, said) => {
    expect(read(value)).toMatchObject(said);
  });
});

describe("words of a response", () => {
  it.each([
    ["RFC 9111 5.2.2.5: no-store", "no-store", "noStore"],
    ["RFC 9111 5.2.2.4: no-cache", "no-cache", "noCache"],
    ["RFC 9111 5.2.2.7: private", "private", "private"],
    ["RFC 9111 5.2.2.9: public", "public", "public"],
    ["RFC 9111 5.2.2.2: must-revalidate", "must-revalidate", "mustRevalidate"],
    ["RFC 9111 5.2.2.8: proxy-revalidate", "proxy-revalidate", "proxyRevalidate"],
    ["RFC 9111 5.2.2.3: must-understand", "must-understand", "mustUnderstand"],
    ["RFC 8246 2: immutable", "immutable", "immutable"],
  ] as const)("%s", (_, word, member) => {
    expect(read(word)[member]).toBe(true);
    expect(read(`x, ${word.toUpperCase()} ,y`)[member]).toBe(true);
    expect(read(`x=1,\t${word}`)[member]).toBe(true);
    expect(read(`${word}x`)[member]).toBe(false);
    expect(read(`ext="a, ${word}, b"`)[member]).toBe(false);
  });
});

describe("private and no-cache with an argument", () => {
  it.each([
    ['private="set-cookie"', { private: false, privateSetCookie: true }],
    ['PRIVATE="Set-Cookie"', { private: false, privateSetCookie: true }],
    ['private=" set-cookie "', { private: false, privateSetCookie: true }],
    ["private=set-cookie", { private: false, privateSetCookie: true }],
    ['private="set-cookie", private="set-cookie"', { private: false, privateSetCookie: true }],
    ['private="set-cookie, x-user"', { private: true, privateSetCookie: false }],
    ['private="x-user"', { private: true, privateSetCookie: false }],
    ['private=""', { private: true, privateSetCookie: false }],
    ["private=", { private: true, privateSetCookie: false }],
    ['private="set-cookie', { private: true, privateSetCookie: false }],
    ["private=0", { private: true, privateSetCookie: false }],
    ["private=false", { private: true, privateSetCookie: false }],
    ['private="set-cookie", private', { private: true, privateSetCookie: false }],
    ['private, private="set-cookie"', { private: true, privateSetCookie: false }],
    ['private="set-cookie", private="x-user"', { private: true, privateSetCookie: false }],
    ['private="set-cookie", private="x", private="set-cookie"', { private: true, privateSetCookie: false }],
    ['no-cache="set-cookie"', { noCache: true }],
    ['no-cache="x-user"', { noCache: true }],
    ["no-cache=", { noCache: true }],
    ["no-cache=0", { noCache: true }],
    ['no-store="x"', { noStore: true }],
    ["no-store=0", { noStore: true }],
    ["no-store=", { noStore: true }],
  ] as const)("RFC 9111 5.2.2.4, 5.2.2.7: %s", (value, said) => {
    expect(read(value)).toMatchObject(said);
  });
});

// a field that is no list of directives may have been meant as a restriction: it must not be read as a permission
describe("restrictions in a malformed field fail closed", () => {
  it.each([
    ["semicolons", "no-store; max-age=60", "noStore"],
    ["semicolons", "private; max-age=60", "private"],
    ["semicolons", "max-age=60; private", "private"],
    ["semicolons", "max-age=60; no-cache", "noCache"],
    ["spaces for commas", "no-cache no-store must-revalidate", "noStore"],
    ["spaces for commas", "no-cache no-store must-revalidate", "noCache"],
    ["spaces for commas", "private max-age=60", "private"],
    ["spaces for commas", "max-age=60 private", "private"],
    ["an unterminated string", 'max-age=60, ext="x, private', "private"],
    ["an unterminated string in an earlier line", 'max-age=60, ext=", no-store', "noStore"],
    ["quotes inside a token", 'max-age=60, a"b, no-store, c"d', "noStore"],
    ["junk after a string", 'private="set-cookie"x', "private"],
    ["quotes around the name", '"no-store"', "noStore"],
    ["the name of the field again", "Cache-Control: no-store", "noStore"],
  ] as const)("RFC 9111 5.2, %s: %s", (_, value, member) => {
    expect(read(value)[member]).toBe(true);
  });

  it.each(["public; max-age=60", "max-age=60 public", '"public"'])("but %s permits nothing", (value) => {
    expect(read(value).public).toBe(false);
  });
});

describe("directives of a request", () => {
  it.each([
    ["RFC 9111 5.2.1.1: max-age", "max-age=60", undefined, { maxAge: 60 }],
    ["RFC 9111 5.2.1.1: malformed max-age is the strictest", "max-age=x", undefined, { maxAge: 0 }],
    ["RFC 9111 5.2.1.2: max-stale", "max-stale=60", undefined, { maxStale: 60 }],
    ["RFC 9111 5.2.1.2: max-stale without a number", "max-stale", undefined, { maxStale: Infinity }],
    ["RFC 9111 5.2.1.2: malformed max-stale accepts nothing stale", "max-stale=x", undefined, { maxStale: 0 }],
    ["RFC 9111 5.2.1.2: empty max-stale accepts nothing stale", "max-stale=", undefined, { maxStale: 0 }],
    ["RFC 9111 5.2.1.3: min-fresh", "min-fresh=60", undefined, { minFresh: 60 }],
    ["RFC 9111 5.2.1.3: malformed min-fresh is the strictest", "min-fresh=x", undefined, { minFresh: Infinity }],
    ["RFC 9111 5.2.1.4: no-cache", "NO-CACHE", undefined, { noCache: true }],
    ["RFC 9111 5.2.1.5: no-store", "no-store", undefined, { noStore: true }],
    ["RFC 9111 5.2.1.7: only-if-cached", "only-if-cached", undefined, { onlyIfCached: true }],
    ["RFC 9111 5.4: Pragma where there is no Cache-Control", undefined, "no-cache", { noCache: true }],
    ["RFC 9111 5.4: Pragma in any case, among others", undefined, "x, No-Cache", { noCache: true }],
    ["RFC 9111 5.4: Pragma loses to any Cache-Control", "max-age=60", "no-cache", { noCache: false, maxAge: 60 }],
    ["RFC 9111 5.4: Pragma loses to an empty Cache-Control", "", "no-cache", { noCache: false }],
    ["RFC 9111 5.4: another Pragma says nothing", undefined, "x", { noCache: false }],
    ["nothing", undefined, undefined, { noCache: false, noStore: false, onlyIfCached: false, maxAge: undefined }],
  ] as const)("%s", (_, cacheControl, pragma, asked) => {
    expect(requestDirectives(cacheControl, pragma)).toMatchObject(asked);
  });
});

describe("properties", () => {
  it("never throws; every duration is a whole number from 0 to 2^31-1 (RFC 9111 1.2.2)", () => {
    const word = fc.constantFrom("max-age", "s-maxage", "private", "=", ",", '"', "\\", ";", " ", "60", "set-cookie");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(word).map((words) => words.join("")),
    );
    fc.assert(
      fc.property(text, (value) => {
        const { maxAge, sMaxage, staleIfError, staleWhileRevalidate } = read(value);
        for (const seconds of [maxAge, sMaxage, staleIfError, staleWhileRevalidate]) {
          if (seconds === undefined) continue;
          expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 2147483647).toBe(true);
        }
        requestDirectives(value, value);
      }),
    );
  });

  it("reads the same whatever the case, the spacing and the order of distinct directives", () => {
    const directive = fc.constantFrom(
      "max-age=60",
      "s-maxage=5",
      "no-cache",
      "must-revalidate",
      'private="set-cookie"',
      "public",
      "immutable",
    );
    const space = fc.constantFrom("", " ", "\t", "  ");
    fc.assert(
      fc.property(fc.uniqueArray(directive), space, space, fc.boolean(), (list, before, after, capitals) => {
        const spelled = list.toReversed().map((text) => before + (capitals ? text.toUpperCase() : text) + after);
        expect(read(spelled.join(","))).toEqual(read(list.join(", ")));
      }),
    );
  });
});
