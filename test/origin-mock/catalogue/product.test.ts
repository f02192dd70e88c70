// Proves what is taken for a product, a category and a rating, and that an entity tag tells representations apart.
import { expect, test } from "vitest";
import { LOCALES } from "../../../origin-mock/catalogue/locale.ts";
import { parseCategory, parseProduct, productETag } from "../../../origin-mock/catalogue/product.ts";
import { parseRating } from "../../../origin-mock/catalogue/rating.ts";

const PRODUCT = {
  id: 7,
  name: "N",
  brand: "B",
  description: "D",
  category: "bath",
  price_cents: 100,
  list_price_cents: null,
  stock: 1,
  version: 1,
  updated_at: "2026-01-05T06:00:00.000Z",
};
const CATEGORY = {
  slug: "bath",
  name: "Bath",
  products: 0,
  in_stock: 0,
  min_price_cents: null,
  max_price_cents: null,
  rating: null,
};

test.each([
  ["a product", parseProduct, { ...PRODUCT, list_price_cents: 200 }],
  ["a category", parseCategory, CATEGORY],
  ["a rating", parseRating, { average: 4.5, count: 2 }],
] as const)("%s lacks nothing, and keeps nothing more", (_, parse, value) => {
  expect(parse({ ...value, more: 1 })).toEqual(value);
  for (const name of Object.keys(value)) {
    expect(parse(Object.fromEntries(Object.entries(value).filter(([key]) => key !== name)))).toBeUndefined();
    expect(parse({ ...value, [name]: {} })).toBeUndefined();
  }
  for (const other of [null, undefined, [], "x", 1]) expect(parse(other)).toBeUndefined();
});

test("each language, version and time has an entity tag of its own", () => {
  const later = { ...PRODUCT, updated_at: "2026-01-05T06:00:00.001Z" };
  const tags = [PRODUCT, { ...PRODUCT, version: 2 }, later].flatMap((product) =>
    LOCALES.map((locale) => productETag(product, locale)),
  );
  expect(new Set(tags).size).toBe(9);
  for (const tag of tags) expect(tag).toMatch(/^"[\x21\x23-\x7e]+"$/);
});
