// Owns the proof of reduced queries: dropped parameters, unchanged ones, and their order.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type QueryPolicy, reducedQuery } from "../../../src/http/select/reduced-query.ts";
import { anyPatternTest } from "../../../src/http/message/pattern.ts";
import { TRACKING_PARAMETERS } from "../../../src/policy/tracking-parameters.ts";

const allow = (...names: string[]): QueryPolicy => ({ keeps: anyPatternTest(names), sort: false });
const deny = (...names: readonly string[]): QueryPolicy => {
  const denied = anyPatternTest(names);
  return { keeps: (name) => !denied(name), sort: false };
};
const SORT: QueryPolicy = { keeps: () => true, sort: true };

describe("which parameters stay", () => {
  it.each<[string, QueryPolicy, string, string]>([
    ["nothing of nothing", deny("x"), "", ""],
    ["nothing of a bare question mark", deny("x"), "?", ""],
    ["what is not denied", deny("b"), "?a=1&b=2&c=3", "?a=1&c=3"],
    ["nothing, where all is denied", deny("*"), "?a=1&b=2", ""],
    ["what is allowed", allow("b"), "?a=1&b=2&c=3", "?b=2"],
    ["nothing, where nothing is allowed", allow(), "?a=1", ""],
    ["by pattern", deny("utm_*"), "?utm_source=x&utm=1&utm_=2", "?utm=1"],
    ["case counts", deny("gclid"), "?GCLID=1&gclid=2", "?GCLID=1"],
    ["each of several with one name", deny("b"), "?a=2&b=0&a=1", "?a=2&a=1"],
    ["a name without a value", allow("a"), "?a&b", "?a"],
    ["a value with equals signs", allow("a"), "?a=b=c&d", "?a=b=c"],
    ["another question mark is a character", deny("a"), "?a=1&?a=2", "??a=2"],
    ["empty parameters are none", deny("b"), "?&a=1&&b=2&", "?a=1"],
    ["a value without a name", deny("b"), "?=1&b=2", "?=1"],
    ["__proto__ is a name", allow("__proto__"), "?__proto__=1&constructor=2", "?__proto__=1"],
  ])("%s", (_, policy, query, expected) => {
    expect(reducedQuery(query, policy)).toBe(expected);
  });

  it.each<[string, QueryPolicy, string, string]>([
    ["encoded letters", deny("utm_*"), "?%75tm%5Fsource=x&a=1", "?a=1"],
    ["a plus is a space", deny("a b"), "?a+b=1&a%20b=2&a%2Bb=3", "?a%2Bb=3"],
    ["letters outside ASCII", deny("größe"), "?gr%C3%B6%C3%9Fe=1&g=2", "?g=2"],
    ["an encoded ampersand is part of the name", deny("a"), "?a%26b=1&a=2", "?a%26b=1"],
    ["an encoded equals sign too", deny("a"), "?a%3D=1&a=2", "?a%3D=1"],
    ["decoded once only", deny("a"), "?%2561=1&%61=2", "?%2561=1"],
    ["what cannot be decoded is compared as written", deny("%zz*"), "?%zz=1&%E4=2", "?%E4=2"],
    ["also where only a part cannot", deny("a b"), "?a+b%=1", "?a+b%=1"],
  ])("WHATWG URL 5.1: names are compared decoded: %s", (_, policy, query, expected) => {
    expect(reducedQuery(query, policy)).toBe(expected);
  });

  it.each([
    ["dropped with what it hides in", deny("utm_*"), "?utm_content=x;callback=evil&a=1", "?a=1"],
    ["kept within what it hides in, and so part of the key", deny("utm_*"), "?a=1;utm_source=x", "?a=1;utm_source=x"],
    ["no way in", allow("a"), "?b=1;a=2", ""],
  ])("a semicolon separates nothing: a parameter behind it is %s", (_, policy, query, expected) => {
    expect(reducedQuery(query, policy)).toBe(expected);
  });

  it.each(["?a=%41", "?a=%c3%b6", "?a=+", "?a=%", "?a=ä", "?a=1;b", "?a='\"<>"])("%s stays byte for byte", (query) => {
    expect(reducedQuery(query, allow("a"))).toBe(query);
  });
});

describe("order", () => {
  it.each([
    ["by name", "?b=1&a=2", "?a=2&b=1"],
    ["not by value", "?a=2&b=1&a=1", "?a=2&a=1&b=1"],
    ["by the decoded name", "?b=1&%61=2&a=3", "?%61=2&a=3&b=1"],
    ["capitals before small letters, as bytes are", "?a=1&B=2", "?B=2&a=1"],
    ["a name before a longer one", "?aa=1&a=2", "?a=2&aa=1"],
    ["a name without a value", "?b&a", "?a&b"],
  ])("%s", (_, query, expected) => {
    expect(reducedQuery(query, SORT)).toBe(expected);
  });

  it("stays as it is where the rule does not sort", () => {
    expect(reducedQuery("?b=1&a=2", deny("x"))).toBe("?b=1&a=2");
  });
});

describe("for every query", () => {
  const piece = fc.constantFrom("a", "b", "%61", "%", "+", "=", "1", ";", "utm_x", "ä", "?", "__proto__");
  const parameter = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(""));
  const query = fc.oneof(
    fc.array(parameter, { maxLength: 8 }).map((parameters) => `?${parameters.join("&")}`),
    fc.string({ unit: "binary" }),
  );
  const policy = fc
    .record({ sort: fc.boolean(), names: fc.constantFrom(["a"], ["*"], ["utm_*", "b"], []) })
    .map(({ sort, names }) => ({ ...deny(...names), sort }));

  it("reducing twice is reducing once, and nothing throws", () => {
    fc.assert(
      fc.property(query, policy, (text, reduction) => {
        const once = reducedQuery(text, reduction);
        expect(reducedQuery(once, reduction)).toBe(once);
      }),
    );
  });

  it("parameters of one name keep their order, and none is made", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 }), (names) => {
        const written = names.map((name, index) => `${name}=${String(index)}`);
        const sorted = reducedQuery(`?${written.join("&")}`, SORT).slice(1);
        expect(sorted === "" ? [] : sorted.split("&")).toEqual(
          ["a", "b", "c"].flatMap((name) => written.filter((one) => one.startsWith(name))),
        );
      }),
    );
  });

  it("sorted, the order of different names does not matter", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom("a", "b", "%63", "d=1", "e=;")), (parameters) => {
        const reversed = parameters.toReversed();
        expect(reducedQuery(`?${reversed.join("&")}`, SORT)).toBe(reducedQuery(`?${parameters.join("&")}`, SORT));
      }),
    );
  });
});

describe("the offered list", () => {
  it.each([
    "utm_source",
    "utm_campaign",
    "gclid",
    "fbclid",
    "msclkid",
    "dclid",
    "gbraid",
    "wbraid",
    "mc_cid",
    "_ga",
    "_gl",
  ])("names %s", (name) => {
    expect(reducedQuery(`?${name}=1&id=2`, deny(...TRACKING_PARAMETERS))).toBe("?id=2");
  });

  it("leaves what applications call their own", () => {
    const query = "?id=1&q=x&page=2&ref=a&source=b&sid=c&lang=d&v=3&click_id=4&campaign=5";
    expect(reducedQuery(query, deny(...TRACKING_PARAMETERS))).toBe(query);
  });

  it("names nothing twice", () => {
    expect(new Set(TRACKING_PARAMETERS).size).toBe(TRACKING_PARAMETERS.length);
  });
});
