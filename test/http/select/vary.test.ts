// Owns the proof of Vary: which fields select a response, and when two requests select the same one.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isForwardedNormalised,
  matchesVariant,
  normalisedValue,
  preferredLanguage,
  readVary,
  variantOf,
} from "../../../src/http/select/vary.ts";
import { type Fields, readerOfHeaders } from "../support.ts";

describe("the fields that a response varies on", () => {
  it.each<[string, string | undefined, readonly string[]]>([
    ["nothing", undefined, []],
    ["an empty field", "", []],
    ["one", "Accept", ["accept"]],
    ["sorted, in lower case", "X-B, Accept", ["accept", "x-b"]],
    ["once each", "accept, ACCEPT,Accept", ["accept"]],
    ["empty members dropped", ", accept,,", ["accept"]],
    ["without Accept-Encoding: the origin always sees identity", "Accept-Encoding, Origin", ["origin"]],
    ["a name every object has", "constructor, __proto__", ["__proto__", "constructor"]],
  ])("RFC 9111 4.1: %s", (_, value, fields) => {
    expect(readVary(value)).toEqual({ storable: true, fields });
  });

  it.each([
    ["RFC 9111 4.1: a star", "*", "vary-star"],
    ["RFC 9111 4.1: a star among others", "accept, *", "vary-star"],
    ["RFC 9111 4.1: a star in any spacing", " ,\t* ,", "vary-star"],
    ["Cookie", "Accept, COOKIE", "vary-cookie"],
    ["Authorization", "authorization", "vary-authorization"],
  ])("%s is never reused", (_, value, reason) => {
    expect(readVary(value)).toEqual({ storable: false, reason });
  });

  // an unreadable Vary matches nothing, and a name that is no token cannot even be looked up
  it.each([
    ["a space for a comma", "accept encoding"],
    ["a semicolon for a comma", "accept; origin"],
    ["a colon", "vary: accept"],
    ["quotes that hide a star", '"x, *"'],
    ["quotes that hide Cookie", 'x"y, cookie, z"'],
    ["letters outside ASCII", "acc\u00e9pt"],
    ["a slash", "a/b"],
    ["more fields than sound resources vary on", Array.from({ length: 17 }, (_, i) => `x-${String(i)}`).join(", ")],
  ])("RFC 9110 12.5.5: %s is not storable", (_, value) => {
    expect(readVary(value).storable).toBe(false);
  });

  it.each(["host", "x-forwarded-host", "x-forwarded-proto", "forwarded", "if-none-match", "range", "te", "connection"])(
    "%s never varies here: the origin does not see the client's value",
    (name) => {
      expect(readVary(name)).toEqual({ storable: true, fields: [] });
    },
  );

  // the platform adds the client's address, and each request has its own id and span: the origin does see a value
  it.each(["X-Forwarded-For", "X-Request-Id", "Traceparent", "Tracestate"])(
    "RFC 9111 4.1: %s differs between clients, so it may not be dropped",
    (name) => {
      expect(readVary(name)).not.toEqual({ storable: true, fields: [] });
    },
  );

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        readVary(value);
      }),
    );
  });
});

describe("normal form", () => {
  it.each([
    ["RFC 9110 12.5.4: order of equal weights", "accept-language", "de, en", "en,de"],
    ["RFC 9110 12.5.4: case", "accept-language", "en-US", "EN-us"],
    ["RFC 9110 12.4.2: white space around weights", "accept-language", "en;q=0.5", "en ; q=0.5"],
    ["RFC 9110 12.4.2: spelling of weights", "accept-language", "en;q=0.5", "en;Q=0.500"],
    ["RFC 9110 12.4.2: an explicit 1", "accept-language", "en", "en;q=1.000"],
    ["RFC 9110 12.4.2: order by weight", "accept-language", "de;q=0.9, en;q=0.1", "en;q=0.1,de;q=0.9"],
    ["RFC 9110 5.6.1.2: empty members", "accept-language", "en", ",en,,"],
    ["RFC 9110 12.5.1: parameters of a media type", "accept", "text/html;level=1", "text/html; level = 1"],
    ["RFC 9110 12.5.1: duplicates", "accept", "text/html", "text/html, TEXT/HTML"],
    ["RFC 9110 5.5: white space around any value", "x-any", "a, b", " a, b\t"],
    ["RFC 9110 5.6.1: white space around a comma", "x-any", "a,b", "a , b"],
  ])("%s does not matter", (_, name, a, b) => {
    expect(normalisedValue(name, a)).toBe(normalisedValue(name, b));
  });

  it.each([
    ["RFC 9110 12.4.2: a weight", "accept-language", "en;q=0.5", "en;q=0.6"],
    ["RFC 9110 12.4.2: a weight of nothing", "accept-language", "en;q=0", "en"],
    ["RFC 9110 12.4.2: thousandths", "accept-language", "en;q=0.001", "en;q=0.002"],
    ["RFC 9110 12.5.4: another language", "accept-language", "en", "de"],
    ["RFC 9110 12.5.1: another parameter", "accept", "text/html;level=1", "text/html;level=2"],
    ["RFC 9111 4.1: order in an unknown field", "x-any", "a, b", "b, a"],
    ["RFC 9111 4.1: case in an unknown field", "x-any", "a", "A"],
    ["RFC 9111 4.1: text inside quotes", "x-any", '"a,b"', '"a, b"'],
  ])("%s does", (_, name, a, b) => {
    expect(normalisedValue(name, a)).not.toBe(normalisedValue(name, b));
  });

  const many = (count: number) => Array.from({ length: count }, (_, i) => `x${String(count - i).padStart(5, "0")}`);

  it("RFC 9110 12.4.2: of 64 members is by preference, of more as written, and nothing is dropped", () => {
    expect(normalisedValue("accept-language", many(64).join(","))).toBe(many(64).sort().join(", "));
    for (const count of [65, 20_000])
      expect(normalisedValue("accept-language", many(count).join(" ,\t"))).toBe(many(count).join(", "));
  });

  it("of too many languages none is preferred", () => {
    const others = (count: number) => many(count).map((name) => `${name};q=0.1`);
    expect(preferredLanguage(["de", ...others(63)].join(","))).toBe("de");
    expect(preferredLanguage(["de", ...others(64)].join(","))).toBeUndefined();
  });

  it.each([
    ["no number", "de;q=x, EN"],
    ["a number over 1", "EN, de;q=1.5"],
    ["no weight at all", "de;q=, EN"],
    ["more digits than can be printed", "de;q=0.1234567, EN"],
  ])("RFC 9110 12.4.2: with a weight that is %s is as written", (_, value) => {
    expect(normalisedValue("accept-language", value)).toBe(value);
  });

  it.each([
    ["a point alone in front", "en, de;q=.5", "en, de;q=0.5"],
    ["more digits than allowed", "de;q=0.1234, en", "en, de;q=0.1234"],
    ["as little as can be", "de;q=0.000001, en", "en, de;q=0.000001"],
  ])("RFC 9110 12.4.2: reads a weight as it is read elsewhere: %s", (_, value, normal) => {
    expect(normalisedValue("accept-language", value)).toBe(normal);
  });

  it("absent stays absent", () => {
    expect(normalisedValue("accept", undefined)).toBeUndefined();
  });

  it("a field with weights, or known to be varied on, is forwarded in normal form", () => {
    const names = ["accept", "accept-language", "accept-charset", "user-agent", "cookie", "origin", "x-any"];
    const forwarded = (varied: string[]) => names.filter((name) => isForwardedNormalised(name, varied));
    expect(forwarded([])).toEqual(["accept", "accept-language", "accept-charset"]);
    expect(forwarded(["x-any"])).toEqual(["accept", "accept-language", "accept-charset", "x-any"]);
  });

  it("is a normal form: normalising again changes nothing, and nothing throws", () => {
    const piece = fc.constantFrom("en", "de", "*", ",", ";", "q=", "0.5", "1", " ", '"', "text/html", "=", "a");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(piece).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(fc.constantFrom("accept", "accept-language", "x-any"), text, (name, value) => {
        const once = normalisedValue(name, value);
        expect(normalisedValue(name, once)).toBe(once);
      }),
    );
  });

  it("same preferences, same form, whatever the order, the case and the spacing", () => {
    const range = fc.tuple(fc.constantFrom("en", "de", "fr", "en-gb", "*"), fc.integer({ min: 0, max: 9 }));
    const ranges = fc.uniqueArray(range, { selector: ([language]) => language });
    fc.assert(
      fc.property(ranges, fc.boolean(), fc.constantFrom("", " ", "  "), (list, capitals, space) => {
        const plain = list.map(([language, weight]) => `${language};q=0.${String(weight)}`);
        const spelled = plain
          .toReversed()
          .map((member) => (capitals ? member.toUpperCase() : member).replace(";", `${space};${space}`));
        expect(normalisedValue("accept-language", spelled.join(`${space},`))).toBe(
          normalisedValue("accept-language", plain.join(", ")),
        );
      }),
    );
  });
});

// the spelling of an unknown field may matter to its origin, except for the white space that every list leaves free
it.each([
  ["an empty member in front", ",en", "en"],
  ["an empty member at the end", "en,", "en"],
  ["order", "en, x", "x, en"],
  ["case", "EN", "en"],
])("of an unknown field %s matters", (_, a, b) => {
  expect(normalisedValue("x-lang", a)).not.toBe(normalisedValue("x-lang", b));
});

describe("matching", () => {
  const matches = (names: readonly string[], first: Fields, second: Fields): boolean =>
    matchesVariant(variantOf(names, readerOfHeaders(first)), readerOfHeaders(second));

  it.each<[string, readonly string[], Fields, Fields, boolean]>([
    ["nothing varies", [], { a: "1" }, { a: "2" }, true],
    ["the same value", ["a"], { a: "1" }, { A: "1" }, true],
    ["another value", ["a"], { a: "1" }, { a: "2" }, false],
    ["absent in both", ["a"], {}, {}, true],
    ["absent in the second", ["a"], { a: "1" }, {}, false],
    ["absent in the first", ["a"], {}, { a: "1" }, false],
    ["present but empty is not absent", ["a"], {}, { a: "" }, false],
    ["present as an empty list is not absent", ["a"], {}, { a: "," }, false],
    ["the reverse", ["a"], { a: "" }, {}, false],
    ["a weighted field, empty, is not absent", ["accept-language"], {}, { "accept-language": "," }, false],
    ["one of two differs", ["a", "b"], { a: "1", b: "1" }, { a: "1", b: "2" }, false],
    ["values swapped", ["a", "b"], { a: "1", b: "2" }, { a: "2", b: "1" }, false],
    ["a field that is not listed", ["a"], { a: "1", b: "1" }, { a: "1", b: "2" }, true],
    [
      "several lines are one value",
      ["a"],
      [
        ["a", "1"],
        ["a", "2"],
      ],
      { a: "1, 2" },
      true,
    ],
    ["a field named __proto__", ["__proto__"], [["__proto__", "1"]], [["__proto__", "2"]], false],
    ["a field named constructor", ["constructor"], { constructor: "1" }, {}, false],
  ])("RFC 9111 4.1: %s", (_, names, first, second, verdict) => {
    expect(matches(names, first, second)).toBe(verdict);
  });
});
