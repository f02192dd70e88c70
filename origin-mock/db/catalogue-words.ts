// Owns the words of the demonstration catalogue: their shape, and the data files they are read from.
import english from "../data/catalogue.json" with { type: "json" };
import german from "../data/catalogue.de.json" with { type: "json" };
import french from "../data/catalogue.fr.json" with { type: "json" };
import type { DEFAULT_LOCALE, Locale } from "../catalogue/locale.ts";

/** One department. `name` is its own; products combine one word of each list. */
export interface CategoryWords {
  readonly slug: string;
  readonly name: string;
  readonly nouns: readonly string[];
  readonly materials: readonly string[];
  readonly features: readonly string[];
  readonly occasions: readonly string[];
  readonly priceCents: { readonly low: number; readonly high: number };
}

/** With words in {braces}. Neither German nor French has an article or an adjective that must agree with the noun. */
export interface Sentences {
  readonly name: string;
  readonly description: string;
}

/** The same words at the same places in another language. Materials follow the noun, features follow "with", occasions "for". */
export interface Translation {
  readonly sentences: Sentences;
  readonly qualities: readonly string[];
  readonly categories: Readonly<
    Record<string, Pick<CategoryWords, "name" | "nouns" | "materials" | "features" | "occasions">>
  >;
}

export type TranslatedLocale = Exclude<Locale, typeof DEFAULT_LOCALE>;

export const ENGLISH_SENTENCES: Sentences = english.sentences;
export const BRANDS: readonly string[] = english.brands;
export const QUALITIES: readonly string[] = english.qualities;
export const SERIES: readonly string[] = english.series;
export const REVIEWERS: readonly string[] = english.reviewers;
export const CATEGORIES: readonly CategoryWords[] = english.categories;
export const TRANSLATIONS: Readonly<Record<TranslatedLocale, Translation>> = { de: german, fr: french };
