// Owns the texts of the demonstration catalogue: the words drawn for a product become its name and description in each language.
import {
  type CategoryWords,
  ENGLISH_SENTENCES,
  QUALITIES,
  type Sentences,
  type TranslatedLocale,
  type Translation,
  TRANSLATIONS,
} from "./catalogue-words.ts";

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
  /** Distinguishes products that would otherwise share a name. */
  readonly model: string | undefined;
  readonly features: readonly [first: string, second: string];
  readonly occasion: string;
  readonly guaranteeYears: number;
}

/** Without the word of a model that was not drawn, and the space before it. */
function fill(sentence: string, words: Readonly<Record<string, string | number | undefined>>): string {
  return sentence.replaceAll(/ ?\{(\w+)\}/g, (place, word: string) => {
    const text = words[word];
    return text === undefined ? "" : place.replace(/\{.*/, String(text));
  });
}

/** The draft's words are in the language of the sentences. */
function write({ name, description }: Sentences, { features: [first, second], ...draft }: Draft): Texts {
  const words = { ...draft, first, second, thing: draft.noun.toLowerCase() };
  return { name: fill(name, words), description: fill(description, words) };
}

export function englishName(words: Pick<Draft, "quality" | "material" | "noun" | "model">): string {
  return fill(ENGLISH_SENTENCES.name, words);
}

export function english(draft: Draft): Texts {
  return write(ENGLISH_SENTENCES, draft);
}

/** The word at the same place of the translated list. */
function inPlaceOf(word: string, words: readonly string[], translated: readonly string[]): string {
  const found = translated[words.indexOf(word)];
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
  const { de, fr } = TRANSLATIONS;
  return { de: write(de.sentences, draftIn(draft, words, de)), fr: write(fr.sentences, draftIn(draft, words, fr)) };
}
