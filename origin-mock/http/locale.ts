// Owns the language of an answer: Accept-Language (RFC 9110 12.5.4) looked up among the languages that the shop speaks.
import { weightedMembers } from "../../src/http/message/weights.ts";
import { selectLanguage } from "../../src/http/select/language.ts";
import { DEFAULT_LOCALE, type Locale, LOCALES } from "../catalogue/locale.ts";

/** A language that is refused once is refused, whatever else the field says of it. */
export function localeOf(acceptLanguage: string | undefined): Locale {
  const members = weightedMembers(acceptLanguage ?? "") ?? [];
  const isRefused = (locale: Locale): boolean => members.some(({ name, weight }) => name === locale && weight === 0);
  const spoken = LOCALES.filter((locale) => !isRefused(locale));
  const chosen = selectLanguage(acceptLanguage, spoken);
  return spoken.find((locale) => locale === chosen) ?? DEFAULT_LOCALE;
}
