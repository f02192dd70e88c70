// Owns products and categories: their shapes, the reading of rows and cached values, and a product's validator.
import * as v from "valibot";
import { parserOf } from "../schema.ts";
import type { Locale } from "./locale.ts";

const product = v.object({
  id: v.number(),
  name: v.string(),
  brand: v.string(),
  description: v.string(),
  category: v.string(),
  price_cents: v.number(),
  /** The earlier price; null when the price was never lowered. */
  list_price_cents: v.nullable(v.number()),
  stock: v.number(),
  version: v.number(),
  /** ISO 8601, UTC, milliseconds. */
  updated_at: v.pipe(v.string(), v.isoTimestamp()),
});
export type Product = Readonly<v.InferOutput<typeof product>>;

/** Counts and prices are those of the last refresh of the view. */
const category = v.object({
  slug: v.string(),
  name: v.string(),
  products: v.number(),
  in_stock: v.number(),
  /** Null in an empty category, as are the other two. */
  min_price_cents: v.nullable(v.number()),
  max_price_cents: v.nullable(v.number()),
  /** The mean of all reviews in the category, rounded to hundredths. */
  rating: v.nullable(v.number()),
});
export type Category = Readonly<v.InferOutput<typeof category>>;

/** `next` is the cursor of the page after; null on the last one, because null survives JSON. */
const page = v.object({ products: v.array(product), next: v.nullable(v.string()) });
export interface ProductPage {
  readonly products: readonly Product[];
  readonly next: string | null;
}

export const parseProduct: (value: unknown) => Product | undefined = parserOf(product);
export const parseCategory: (value: unknown) => Category | undefined = parserOf(category);
export const parseCategories: (value: unknown) => readonly Category[] | undefined = parserOf(v.array(category));
export const parsePage: (value: unknown) => ProductPage | undefined = parserOf(page);

/**
 * Strong: the row's version counts its changes, the time tells two databases' second versions apart, and the language
 * tells apart what one row looks like to different readers (RFC 9110 8.8.3.3).
 */
export function productETag(one: Product, locale: Locale): string {
  return `"${one.id}-${one.version}-${Date.parse(one.updated_at).toString(36)}-${locale}"`;
}
