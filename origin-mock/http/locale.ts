// Owns the choice of a language: Accept-Language (RFC 9110 12.5.4) to one of the shop's, by RFC 4647 lookup. Pure.

/** The first is what everybody gets who asks for nothing the shop has. */
export const LOCALES = ["en", "de", "fr"] as const;
export type Locale = (typeof LOCALES)[number];

const MEMBER = /^(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;
/** More than any person speaks; what follows is not read. */
const MOST_RANGES = 32;

type Range = { readonly tag: string; readonly weight: number };

/** Members that are not language ranges say nothing. */
const rangesOf = (field: string): readonly Range[] =>
  field
    .toLowerCase()
    .split(",", MOST_RANGES)
    .flatMap((member) => {
      const [, tag, weight = "1"] = MEMBER.exec(member.trim()) ?? [];
      return tag === undefined ? [] : [{ tag, weight: Number(weight) }];
    });

const localeFor = (tag: string, accepted: readonly Locale[]): Locale | undefined => {
  if (tag === "*") return accepted[0];
  // RFC 4647 3.4 takes subtags away from the end; the shop's tags have one, so the first decides.
  const primary = tag.split("-", 1)[0];
  return accepted.find((locale) => locale === primary);
};

export const localeOf = (acceptLanguage: string | undefined): Locale => {
  const ranges = rangesOf(acceptLanguage ?? "");
  const refused = ranges.filter(({ weight }) => weight === 0);
  const accepted = LOCALES.filter((locale) => !refused.some(({ tag }) => tag === locale));
  const wanted = ranges.filter(({ weight }) => weight > 0).toSorted((a, b) => b.weight - a.weight);
  for (const { tag } of wanted) {
    const locale = localeFor(tag, accepted);
    if (locale !== undefined) return locale;
  }
  return LOCALES[0];
};
