// Proves the choice of a language: RFC 9110 12.5.4 weights, RFC 4647 lookup, and a default for everything else.
import fc from "fast-check";
import { expect, test } from "vitest";
import { LOCALES, localeOf } from "../../../origin-mock/http/locale.ts";

test.each([
  [undefined, "en"],
  ["", "en"],
  ["de", "de"],
  ["DE", "de"],
  ["fr-CA", "fr"],
  ["de-Latn-AT", "de"],
  ["nl, fr;q=0.5", "fr"],
  ["en;q=0.1, de;q=0.9", "de"],
  ["fr;q=0.5, de;q=0.5", "fr"],
  ["  fr ; q=0.3 ,\tde ; q=0.2", "fr"],
  ["*", "en"],
  ["nl, *;q=0.1", "en"],
  ["en;q=0, *", "de"],
  ["de;q=0, de-AT", "en"],
  ["en;q=0, de;q=0, fr;q=0", "en"],
  ["german", "en"],
  ["de;q=2, fr", "fr"],
  ["de;q=0.0001, fr;q=0.1", "fr"],
  ["de;level=1, fr", "fr"],
  ["den, fr", "fr"],
  [";;;q=,,,de", "de"],
])("%o is %s", (field, locale) => {
  expect(localeOf(field)).toBe(locale);
});

test("whatever is asked, it is a locale of the shop", () => {
  fc.assert(fc.property(fc.string(), (field) => LOCALES.includes(localeOf(field))));
});

test("a huge field costs no time", () => {
  const startMs = performance.now();
  localeOf(`${"a-".repeat(500_000)};q=`);
  localeOf("de;q=0,".repeat(100_000));
  expect(performance.now() - startMs).toBeLessThan(500);
});
