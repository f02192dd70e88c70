// Owns the language of an answer: Accept-Language (RFC 9110 12.5.4) looked up (RFC 4647 3.4) in the three the shop speaks.
import { DEFAULT_LOCALE, type Locale, LOCALES } from "../catalogue/locale.ts";

interface Range {
  readonly subtags: readonly string[];
  readonly weight: number;
}

const MEMBER = /^(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/** By weight, then as written; what is no language range is left out. */
function rangesOf(field: string): readonly Range[] {
  return field
    .toLowerCase()
    .split(",")
    .flatMap((member) => {
      const [, range, weight = "1"] = MEMBER.exec(member.trim()) ?? [];
      return range === undefined ? [] : [{ subtags: range.split("-"), weight: Number(weight) }];
    })
    .toSorted((a, b) => b.weight - a.weight);
}

/** The shop's languages have one subtag each, so truncating a range from its end arrives at its first (RFC 4647 3.4). */
function spokenIn({ subtags }: Range): Locale | undefined {
  return LOCALES.find((locale) => locale === subtags[0]);
}

export function localeOf(acceptLanguage: string | undefined): Locale {
  const ranges = rangesOf(acceptLanguage ?? "");
  // `de-CH;q=0` refuses Swiss German, which the shop does not have; only `de;q=0` refuses German.
  const refused = new Set(ranges.filter(({ weight, subtags }) => weight === 0 && subtags.length === 1).map(spokenIn));
  const named = new Set(ranges.map(spokenIn));
  for (const range of ranges) {
    if (range.weight === 0) break;
    // An asterisk stands for every language that no other range names.
    const locale = range.subtags[0] === "*" ? LOCALES.find((each) => !named.has(each)) : spokenIn(range);
    if (locale !== undefined && !refused.has(locale)) return locale;
  }
  return DEFAULT_LOCALE;
}
