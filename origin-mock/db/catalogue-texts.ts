// Owns the sentences of the demonstration catalogue: how the words drawn for a product become its texts, in each language.
import { type DEFAULT_LOCALE, type Locale } from "../catalogue/locale.ts";
import { QUALITIES } from "./catalogue-names.ts";
import type { CategoryWords, Translation } from "./catalogue-words.ts";
import { GERMAN } from "./catalogue-words-de.ts";
import { FRENCH } from "./catalogue-words-fr.ts";

export type TranslatedLocale = Exclude<Locale, typeof DEFAULT_LOCALE>;
export interface Texts {
  readonly name: string;
  readonly description: string;
}

/** The English words drawn for one product. */
export interface Draft {
  readonly brand: string;
  readonly quality: string;
  readonly material: string;
  readonly noun: string;
  /** Tells products apart that would otherwise share a name. */
  readonly model: string | undefined;
  readonly features: readonly [first: string, second: string];
  readonly occasion: string;
  readonly guaranteeYears: number;
}

export const TRANSLATIONS = { de: GERMAN, fr: FRENCH } as const satisfies Record<TranslatedLocale, Translation>;

function joined(...words: readonly (string | undefined)[]): string {
  return words.filter((word) => word !== undefined).join(" ");
}

export function englishName({
  quality,
  material,
  noun,
  model,
}: Omit<Draft, "features" | "occasion" | "guaranteeYears">) {
  return joined(quality, material, noun, model);
}

export function englishDescription({ brand, noun, features: [first, second], ...draft }: Draft): string {
  return (
    `${brand} made this ${noun.toLowerCase()} for ${draft.occasion}. It comes with ${first} and ${second}, ` +
    `and is covered by a ${draft.guaranteeYears}-year guarantee.`
  );
}

// Built so that nothing must agree with the noun in gender: neither sentence has an article or an adjective for it.
function german({ noun, quality, model, material, brand, occasion, features: [first, second], guaranteeYears }: Draft) {
  return {
    name: joined(noun, quality, model, material),
    description: `${noun} von ${brand} für ${occasion}. Mit ${first} und ${second}, dazu ${guaranteeYears} Jahre Garantie.`,
  };
}
function french({ noun, quality, model, material, brand, occasion, features: [first, second], guaranteeYears }: Draft) {
  return {
    name: joined(noun, quality, model, material),
    description: `${noun} ${brand}, pour ${occasion}. Avec ${first} et ${second}. Garantie de ${guaranteeYears} ans.`,
  };
}

/** The word at the same place of the translated list. */
function inPlaceOf(word: string, english: readonly string[], translated: readonly string[]): string {
  const found = translated[english.indexOf(word)];
  if (found === undefined) throw new Error(`${word} has no translation`);
  return found;
}

function draftIn(draft: Draft, words: CategoryWords, translation: Translation): Draft {
  const own = translation.categories[words.slug];
  if (own === undefined) throw new Error(`the category ${words.slug} has no translation`);
  const feature = (word: string): string => inPlaceOf(word, words.features, own.features);
  return {
    ...draft,
    quality: inPlaceOf(draft.quality, QUALITIES, translation.qualities),
    material: inPlaceOf(draft.material, words.materials, own.materials),
    noun: inPlaceOf(draft.noun, words.nouns, own.nouns),
    features: [feature(draft.features[0]), feature(draft.features[1])],
    occasion: inPlaceOf(draft.occasion, words.occasions, own.occasions),
  };
}

export function translate(draft: Draft, words: CategoryWords): Readonly<Record<TranslatedLocale, Texts>> {
  return {
    de: german(draftIn(draft, words, TRANSLATIONS.de)),
    fr: french(draftIn(draft, words, TRANSLATIONS.fr)),
  };
}
