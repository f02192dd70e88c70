// Owns the generation of the catalogue: one seed always gives the same products. Reads no clock.
import { type Draft, english, englishName, type Texts, translate } from "./catalogue-texts.ts";
import {
  BRANDS,
  CATEGORIES,
  type CategoryWords,
  QUALITIES,
  REVIEWERS,
  SERIES,
  type TranslatedLocale,
} from "./catalogue-words.ts";
import type { Product } from "../catalogue/product.ts";

const CATALOGUE_SEED = 0x57a7a;
const PRODUCTS_PER_CATEGORY = 220;
// 2026-01-05T06:00:00Z. A fixed start keeps Last-Modified independent of when the shop was started.
const EPOCH_MS = 1_767_592_800_000;
const MINUTE_MS = 60_000;
const SPREAD_MINUTES = 60 * 24 * 90;

/** mulberry32: 32 bits of state, [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Draw {
  readonly int: (below: number) => number;
  readonly from: (words: readonly string[]) => string;
}

function drawFrom(random: () => number): Draw {
  const int = (below: number): number => Math.floor(random() * below);
  return {
    int,
    from(words) {
      const word = words[int(words.length)];
      if (word === undefined) throw new Error("a word list is empty");
      return word;
    },
  };
}

function priceOf(draw: Draw, words: CategoryWords): number {
  const { low, high } = words.priceCents;
  // Squared, so that cheap products are common. Shop prices end in 9, 49, 95 or 99.
  const share = (draw.int(1_000) / 1_000) ** 2;
  const whole = Math.floor((low + share * (high - low)) / 100) * 100;
  return whole + ([9, 49, 95, 99][draw.int(4)] ?? 99);
}

/** The part of a draft that becomes its name. */
type Name = Pick<Draft, "brand" | "quality" | "material" | "noun" | "model">;

function drawName(draw: Draw, words: CategoryWords, taken: Set<string>): Name {
  const brand = draw.from(BRANDS);
  const noun = draw.from(words.nouns);
  const name = { brand, noun, quality: draw.from(QUALITIES), material: draw.from(words.materials), model: undefined };
  const named: Name = taken.has(`${brand} ${englishName(name)}`)
    ? { ...name, model: `${draw.from(SERIES)}${10 + draw.int(90)}` }
    : name;
  const full = `${brand} ${englishName(named)}`;
  if (taken.has(full)) return drawName(draw, words, taken);
  taken.add(full);
  return named;
}

function drawDraft(draw: Draw, words: CategoryWords, taken: Set<string>): Draft {
  const name = drawName(draw, words, taken);
  const first = draw.from(words.features);
  const second = draw.from(words.features.filter((feature) => feature !== first));
  const occasion = draw.from(words.occasions);
  return { ...name, features: [first, second], occasion, guaranteeYears: 2 + draw.int(4) };
}

/**
 * Drawn from a generator of its own, so that products published before list prices existed stay the same. One in eight
 * was more expensive.
 */
function listPriceOf(draw: Draw, priceCents: number): number | null {
  return draw.int(8) === 0 ? Math.round((priceCents * (105 + draw.int(80))) / 100) : null;
}

export interface Invented {
  readonly product: Product;
  readonly translations: Readonly<Record<TranslatedLocale, Texts>>;
}

export function inventCatalogue(seed: number = CATALOGUE_SEED): readonly Invented[] {
  const draw = drawFrom(randomFrom(seed));
  const listPrices = drawFrom(randomFrom(seed + 1));
  const taken = new Set<string>();
  const one = (id: number, words: CategoryWords): Invented => {
    const draft = drawDraft(draw, words, taken);
    const { name, description } = english(draft);
    const price_cents = priceOf(draw, words);
    const product: Product = {
      id,
      name,
      brand: draft.brand,
      description,
      category: words.slug,
      price_cents,
      list_price_cents: listPriceOf(listPrices, price_cents),
      stock: draw.int(20) === 0 ? 0 : 1 + draw.int(240),
      version: 1,
      updated_at: new Date(EPOCH_MS + draw.int(SPREAD_MINUTES) * MINUTE_MS).toISOString(),
    };
    return { product, translations: translate(draft, words) };
  };
  // Departments take turns, so that the first page of the shop shows every one.
  return Array.from({ length: PRODUCTS_PER_CATEGORY }, (_, round) =>
    CATEGORIES.map((words, index) => one(round * CATEGORIES.length + index + 1, words)),
  ).flat();
}

export function generateProducts(seed: number = CATALOGUE_SEED): readonly Product[] {
  return inventCatalogue(seed).map(({ product }) => product);
}

export interface Review {
  readonly product_id: number;
  readonly username: string;
  readonly rating: number;
}

/** Zero to three reviews a product, mostly good ones. */
export function inventReviews(products: readonly Product[], seed: number = CATALOGUE_SEED): readonly Review[] {
  const draw = drawFrom(randomFrom(seed + 2));
  return products.flatMap(({ id }) => {
    const first = draw.int(REVIEWERS.length);
    return Array.from({ length: draw.int(4) }, (_, index) => ({
      product_id: id,
      // Takes neighbours in the list of names, so that nobody reviews a product twice.
      username: REVIEWERS[(first + index) % REVIEWERS.length] ?? "",
      rating: Math.max(1, 5 - Math.floor((draw.int(100) / 100) ** 2 * 5)),
    }));
  });
}
