// Proves the choice of a language: weights, lookup, refusals, and that no field whatever breaks it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LOCALES } from "../../../origin-mock/catalogue/locale.ts";
import { localeOf } from "../../../origin-mock/http/locale.ts";

describe("RFC 9110 12.5.4, RFC 4647 3.4", () => {
  test.each<readonly [string, string | undefined, string]>([
    ["no field", undefined, "en"],
    ["an empty field", "", "en"],
    ["one language", "de", "de"],
    ["names in any case", "FR", "fr"],
    ["a region falls back to its language", "de-CH", "de"],
    ["and so do longer tags", "zh-Hant, fr-x-a-b-c", "fr"],
    ["a prefix of letters is no prefix of subtags", "deu, frx", "en"],
    ["none the shop has", "ja, ko;q=0.5", "en"],
    ["as written, when weights are equal", "fr, de", "fr"],
    ["by weight, whatever the order", "en;q=0.2, de;q=0.9, fr;q=0.5", "de"],
    ["the weight 1 with decimals", "de;q=0.999, fr;q=1.000", "fr"],
    ["space around", " \t de ; q=0.5 ,\tfr\t;\tq=0.7 ", "fr"],
    ["the asterisk is the default", "*", "en"],
    ["and stands behind what weighs more", "ja, *;q=0.1", "en"],
    ["and for what nobody named", "en;q=0.1, *;q=0.8", "de"],
    ["and for nothing, if all are named", "en;q=0.1, de;q=0.2, fr;q=0.3, *", "fr"],
    ["zero refuses", "de;q=0, fr;q=0.1", "fr"],
    ["zero refuses also what a region falls back to", "de-CH, de;q=0, fr;q=0.1", "fr"],
    ["zero refuses the default, if there is another", "en;q=0, *", "de"],
    ["zero for a region is not for its language", "de, de-CH;q=0", "de"],
    ["everything refused: as if nothing had been asked", "*;q=0", "en"],
    ["what is malformed is left out, the rest counts", "de;q=2, d_e, ;, fr;q=0.3, en;q=x", "fr"],
  ])("%s", (_, field, locale) => {
    expect(localeOf(field)).toBe(locale);
  });

  const tag = fc.constantFrom("en", "de", "fr", "de-AT", "fr-CA", "ja", "*");
  const weight = fc.integer({ min: 0, max: 1_000 });
  const members = fc.array(fc.tuple(tag, weight), { maxLength: 6 });
  const write = (list: readonly (readonly [string, number])[]): string =>
    list.map(([range, q]) => `${range};q=${(q / 1_000).toFixed(3)}`).join(", ");

  test("any text at all is answered in one of the three", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (field) => LOCALES.includes(localeOf(field))));
  });

  test("a huge field costs no time", () => {
    const startMs = performance.now();
    localeOf(`${"a-".repeat(500_000)};q=`);
    localeOf("de;q=0,".repeat(100_000));
    // its square would take hours
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  test("the order of members of different weights, and their case, mean nothing", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(tag, weight), { selector: ([, q]) => q, maxLength: 6 }), (list) => {
        expect(localeOf(write(list.toReversed()).toUpperCase())).toBe(localeOf(write(list)));
      }),
    );
  });

  test("a refused language is never spoken, unless it is the default and nothing else is left", () => {
    fc.assert(
      fc.property(members, fc.constantFrom("de", "fr"), (list, refused) => {
        expect(localeOf(write([...list, [refused, 0]]))).not.toBe(refused);
      }),
    );
    fc.assert(
      fc.property(members, fc.constantFrom("de", "fr"), (list, other) => {
        const others = list.filter(([range]) => range !== other);
        expect(localeOf(write([...others, ["en", 0], [other, 1]]))).not.toBe("en");
      }),
    );
  });
});
