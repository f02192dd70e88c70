// Proves that the catalogue is invented the same way every time, and looks like one.
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { CATEGORIES, QUALITIES, TRANSLATIONS } from "../../../origin-mock/db/catalogue-words.ts";
import { generateProducts, inventCatalogue, inventReviews } from "../../../origin-mock/db/generate.ts";

const products = generateProducts();

test("the same seed gives the same catalogue, another seed another", () => {
  expect(generateProducts()).toEqual(products);
  expect(generateProducts(1)).not.toEqual(products);
});

test("the catalogue is the one that was published", () => {
  const published = products.map(({ list_price_cents: _, ...product }) => product);
  const digest = createHash("sha256").update(JSON.stringify(published)).digest("hex").slice(0, 16);
  // Entity tags and bench results depend on it: change it on purpose only. List prices came later, drawn apart.
  expect(digest).toBe("a1e4d9546f5f6f80");
});

test("at least 5,000 products in 20 to 30 categories, ids without gaps, names unique within a brand", () => {
  expect(products.length).toBeGreaterThanOrEqual(5_000);
  expect(CATEGORIES.length).toBeGreaterThanOrEqual(20);
  expect(CATEGORIES.length).toBeLessThanOrEqual(30);
  expect(products.map(({ id }) => id)).toEqual(products.map((_, index) => index + 1));
  expect(new Set(products.map(({ brand, name }) => `${brand} ${name}`)).size).toBe(products.length);
});

test("every product has plausible values", () => {
  const ranges = new Map(CATEGORIES.map(({ slug, priceCents }) => [slug, priceCents]));
  for (const product of products) {
    const { low, high } = ranges.get(product.category) ?? { low: 0, high: 0 };
    expect(product.price_cents).toBeGreaterThanOrEqual(low);
    expect(product.price_cents).toBeLessThan(high + 100);
    expect(Number.isInteger(product.stock) && product.stock >= 0).toBe(true);
    expect(product.description).toContain(product.brand);
    expect(product.updated_at < "2026-06-01").toBe(true);
  }
});

test.each(["de", "fr"] as const)("%s: every word has a translation, and no two share one", (locale) => {
  const { qualities, categories } = TRANSLATIONS[locale];
  expect(new Set(qualities).size).toBe(QUALITIES.length);
  expect(Object.keys(categories)).toEqual(CATEGORIES.map(({ slug }) => slug));
  for (const english of CATEGORIES) {
    for (const list of ["nouns", "materials", "features", "occasions"] as const) {
      const words = categories[english.slug]?.[list] ?? [];
      expect([english.slug, list, words.length]).toEqual([english.slug, list, english[list].length]);
      expect(new Set(words).size).toBe(words.length);
    }
  }
});

test("texts in each language are the published ones, and read as they should", () => {
  const invented = inventCatalogue();
  expect(invented[0]?.translations).toMatchInlineSnapshot(`
    {
      "de": {
        "description": "Rührschüssel von Penhallow für schnelle Abendessen. Mit Messmarken innen und einem Boden für alle Herde, dazu 2 Jahre Garantie.",
        "name": "Rührschüssel Deluxe aus Stahl",
      },
      "fr": {
        "description": "Saladier Penhallow, pour les dîners de semaine. Avec des graduations à l'intérieur et un fond pour tous les feux. Garantie de 2 ans.",
        "name": "Saladier Deluxe en acier",
      },
    }
  `);
  for (const locale of ["de", "fr"] as const) {
    const texts = invented.map(({ translations }) => translations[locale]);
    expect(texts.filter(({ name, description }) => /undefined|  /.test(`${name} ${description}`))).toEqual([]);
    // Model numbers and brands may look English; sentences may not.
    expect(texts.filter(({ description }) => / made this | comes with /.test(description))).toEqual([]);
  }
});

test("list prices are above the price where there are any, and some are deals", () => {
  const reduced = products.filter(({ list_price_cents }) => list_price_cents !== null);
  expect(reduced.filter(({ price_cents, list_price_cents }) => (list_price_cents ?? 0) <= price_cents)).toEqual([]);
  expect(reduced.length).toBeGreaterThan(500);
});

test("reviews have 1 to 5 stars, and one person reviews a product once", () => {
  const reviews = inventReviews(products);
  expect(inventReviews(products)).toEqual(reviews);
  expect(new Set(reviews.map(({ rating }) => rating))).toEqual(new Set([1, 2, 3, 4, 5]));
  expect(new Set(reviews.map(({ product_id, username }) => `${product_id} ${username}`)).size).toBe(reviews.length);
});
