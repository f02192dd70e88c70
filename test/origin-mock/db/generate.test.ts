// Proves that the catalogue is invented the same way every time, and looks like one.
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { CATEGORIES } from "../../../origin-mock/db/catalogue-words.ts";
import { generateProducts } from "../../../origin-mock/db/generate.ts";

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
    const [low, high] = ranges.get(product.category) ?? [0, 0];
    expect(product.price_cents).toBeGreaterThanOrEqual(low);
    expect(product.price_cents).toBeLessThan(high + 100);
    expect(Number.isInteger(product.stock) && product.stock >= 0).toBe(true);
    expect(product.description).toContain(product.brand);
    expect(product.updated_at < "2026-06-01").toBe(true);
  }
});
