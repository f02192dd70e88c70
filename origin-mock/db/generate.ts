// Owns the invention of the catalogue: the same seed gives the same products, always. Reads no clock.
import { BRANDS, QUALITIES, SERIES } from "./catalogue-names.ts";
import { CATEGORIES } from "./catalogue-words.ts";
import type { CategoryWords } from "./catalogue-words.ts";
import type { Product } from "../catalogue/product.ts";

const CATALOGUE_SEED = 0x57a7a;
const PRODUCTS_PER_CATEGORY = 220;
// 2026-01-05T06:00:00Z, so that Last-Modified never depends on when the shop was started.
const EPOCH_MS = 1_767_592_800_000;
const MINUTE_MS = 60_000;
const SPREAD_MINUTES = 60 * 24 * 90;

/** mulberry32: 32 bits of state, [0, 1). */
const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

type Draw = { readonly int: (below: number) => number; readonly from: (words: readonly string[]) => string };

const drawFrom = (random: () => number): Draw => {
  const int = (below: number): number => Math.floor(random() * below);
  return {
    int,
    from(words) {
      const word = words[int(words.length)];
      if (word === undefined) throw new Error("a word list is empty");
      return word;
    },
  };
};

const priceOf = (draw: Draw, words: CategoryWords): number => {
  const [low, high] = words.priceCents;
  // Squared, so that cheap things are common; shop prices end in 9, 49, 95 or 99.
  const share = (draw.int(1_000) / 1_000) ** 2;
  const whole = Math.floor((low + share * (high - low)) / 100) * 100;
  return whole + ([9, 49, 95, 99][draw.int(4)] ?? 99);
};

const describe = (draw: Draw, words: CategoryWords, brand: string, noun: string): string => {
  const first = draw.from(words.features);
  const rest = words.features.filter((feature) => feature !== first);
  const second = draw.from(rest);
  return (
    `${brand} made this ${noun.toLowerCase()} for ${draw.from(words.occasions)}. ` +
    `It comes with ${first} and ${second}, ` +
    `and is covered by a ${2 + draw.int(4)}-year guarantee.`
  );
};

export const generateProducts = (seed: number = CATALOGUE_SEED): readonly Product[] => {
  const draw = drawFrom(randomFrom(seed));
  const taken = new Set<string>();
  const unusedName = (words: CategoryWords): { brand: string; name: string; noun: string } => {
    const brand = draw.from(BRANDS);
    const noun = draw.from(words.nouns);
    const stem = `${draw.from(QUALITIES)} ${draw.from(words.materials)} ${noun}`;
    // A model number tells products apart that would otherwise share a name.
    const name = taken.has(`${brand} ${stem}`) ? `${stem} ${draw.from(SERIES)}${10 + draw.int(90)}` : stem;
    if (taken.has(`${brand} ${name}`)) return unusedName(words);
    taken.add(`${brand} ${name}`);
    return { brand, name, noun };
  };
  const one = (id: number, words: CategoryWords): Product => {
    const { brand, name, noun } = unusedName(words);
    return {
      id,
      name,
      brand,
      description: describe(draw, words, brand, noun),
      category: words.slug,
      price_cents: priceOf(draw, words),
      stock: draw.int(20) === 0 ? 0 : 1 + draw.int(240),
      version: 1,
      updated_at: new Date(EPOCH_MS + draw.int(SPREAD_MINUTES) * MINUTE_MS).toISOString(),
    };
  };
  // Dealt in turn, so that the first page of the shop shows every department.
  return Array.from({ length: PRODUCTS_PER_CATEGORY }, (_, round) =>
    CATEGORIES.map((words, index) => one(round * CATEGORIES.length + index + 1, words)),
  ).flat();
};
