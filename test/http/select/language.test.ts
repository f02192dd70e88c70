// Owns the proof of the choice of a language.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectLanguage } from "../../../src/http/select/language.ts";

const SITE = ["en", "de", "fr-CA", "zh-Hant"];

describe("selecting one of en, de, fr-CA, zh-Hant", () => {
  it.each<[string, string | undefined, string | undefined]>([
    ["RFC 9110 12.5.4: no field", undefined, undefined],
    ["RFC 9110 12.5.4: an empty field", "", undefined],
    ["RFC 4647 3.4: the tag itself", "de", "de"],
    ["RFC 4647 2: case does not matter", "DE", "de"],
    ["RFC 4647 2: the tag is answered as configured", "FR-ca", "fr-CA"],
    ["RFC 4647 3.4: a longer range is cut", "de-CH-1996", "de"],
    ["RFC 4647 3.4: cut down to several subtags", "zh-Hant-TW", "zh-Hant"],
    ["RFC 4647 3.4: a range is never lengthened", "fr", undefined],
    ["RFC 4647 3.4: cut at a hyphen only", "dea", undefined],
    ["RFC 4647 3.4: none", "ja, ko", undefined],
    ["RFC 4647 3.4: the first range is cut to the end before the second", "de-CH, fr-CA", "de"],
    ["RFC 4647 3.4: the next range where the first finds nothing", "ja, de", "de"],
    ["RFC 9110 12.4.2: the highest weight first", "en;q=0.5, de;q=0.8", "de"],
    ["RFC 9110 12.4.2: equal weights in order", "de, en", "de"],
    ["RFC 9110 12.4.2: a weight of 0 is not acceptable", "de;q=0, ja", undefined],
    ["RFC 9110 12.4.2: nor through a longer range", "de-CH, de;q=0", undefined],
    ["RFC 9110 12.5.4: a refused range refuses what it covers", "*, fr;q=0, en;q=0, de;q=0", "zh-Hant"],
    ["RFC 9110 12.5.4: the more specific range decides", "fr-CA, fr;q=0", "fr-CA"],
    ["RFC 4647 3.4: * is what no other range matches", "*", "en"],
    ["RFC 4647 3.4: * at its weight", "ja, *;q=0.1", "en"],
    ["RFC 4647 3.4: * leaves named languages to their own ranges", "*, en;q=0.5", "de"],
    ["RFC 4647 3.4: * where all others are named", "*;q=0.9, en;q=0.1, de;q=0.2, fr;q=0.1, zh;q=0.1", "de"],
    ["RFC 9110 12.4.2: * refused", "*;q=0", undefined],
    ["RFC 9110 12.4.2: * refused, but one", "de, *;q=0", "de"],
    ["RFC 9110 12.4.2: a malformed weight does not count", "de;q=best, en;q=0.1", "en"],
    ["RFC 4647 2.1: what is no range does not count", "d e, de_CH, *-CH, de-*, -de, de-, en", "en"],
    ["as Chrome asks", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de"],
    ["as Safari asks", "fr-CA,fr;q=0.9,en;q=0.8", "fr-CA"],
  ])("%s: %s", (_, field, expected) => {
    expect(selectLanguage(field, SITE)).toBe(expected);
  });
});

it.each<[string, string, readonly string[], string | undefined]>([
  ["RFC 4647 3.4: the longest tag", "en-GB-oed", ["en", "en-GB"], "en-GB"],
  ["RFC 4647 3.4: a subtag of one character is cut with its successor", "zh-x-private", ["zh-x", "zh"], "zh"],
  ["the exact tag is the exact tag", "zh-x", ["zh", "zh-x"], "zh-x"],
  ["RFC 9110 12.5.4: a regional refusal leaves the language", "en, en-GB;q=0", ["en-GB", "en"], "en"],
  ["of equal tags the first", "en", ["EN", "en"], "EN"],
  ["nothing of nothing", "*", [], undefined],
])("%s", (_, field, available, expected) => {
  expect(selectLanguage(field, available)).toBe(expected);
});

describe("for every field", () => {
  const range = fc.constantFrom("en", "EN-us", "de", "de-CH", "fr", "fr-CA", "*", "zh-Hant-TW", "x", "", "q", "-");
  const weight = fc.constantFrom("", ";q=0", ";q=0.5", "; Q=1", ";q=x", ";", ";a=b");
  const member = fc.tuple(range, weight).map(([name, q]) => name + q);
  const field = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(member, { maxLength: 6 }).map((members) => members.join(", ")),
  );

  it("answers one of the site's or none, and selects what it selected again", () => {
    fc.assert(
      fc.property(field, (text) => {
        const selected = selectLanguage(text, SITE);
        if (selected === undefined) return;
        expect(SITE).toContain(selected);
        expect(selectLanguage(selected, SITE)).toBe(selected);
      }),
    );
  });

  it("case, spacing and the order of different weights do not matter", () => {
    const weighted = fc.uniqueArray(
      fc.tuple(fc.constantFrom("en", "de-CH", "fr-CA", "*"), fc.integer({ min: 0, max: 9 })),
      {
        selector: ([, q]) => q,
      },
    );
    fc.assert(
      fc.property(weighted, (members) => {
        const plain = members.map(([name, q]) => `${name};q=0.${String(q)}`).join(",");
        const other = members.map(([name, q]) => ` ${name.toUpperCase()} ;\tQ=0.${String(q)}0`).toReversed();
        // two weights of one range: the higher one counts, wherever it stands
        expect(selectLanguage(other.join(" ,,"), SITE)).toBe(selectLanguage(plain, SITE));
      }),
    );
  });

  it("takes time in proportion to its length", () => {
    const startedAt = performance.now();
    selectLanguage(Array.from({ length: 60_000 }, () => "a").join("-"), SITE);
    selectLanguage(Array.from({ length: 30_000 }, (_, i) => `a${String(i)}`).join(","), SITE);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
