// Owns what a product is: its shape, how a row or a cached value becomes one, and its validators.
import type { Locale } from "./locale.ts";

export interface Product {
  readonly id: number;
  readonly name: string;
  readonly brand: string;
  readonly description: string;
  readonly category: string;
  readonly price_cents: number;
  /** What it cost before; null when the price was never lowered. */
  readonly list_price_cents: number | null;
  readonly stock: number;
  readonly version: number;
  /** ISO 8601, UTC, milliseconds. */
  readonly updated_at: string;
}

/** Counts and prices are those of the last refresh of the view. */
export interface Category {
  readonly slug: string;
  readonly name: string;
  readonly products: number;
  readonly in_stock: number;
  /** Null in an empty category, as are the other two. */
  readonly min_price_cents: number | null;
  readonly max_price_cents: number | null;
  /** The mean of all reviews in the category, rounded to hundredths. */
  readonly rating: number | null;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumberOrNull(value: unknown): value is number | null {
  return value === null || typeof value === "number";
}

/** A product from a row or a decoded cache entry; undefined when anything is missing or of another type. */
export function parseProduct(value: unknown): Product | undefined {
  if (!isRecord(value)) return undefined;
  const { id, name, brand, description, category, price_cents, list_price_cents, stock, version, updated_at } = value;
  if (typeof name !== "string" || typeof brand !== "string" || typeof description !== "string") return undefined;
  if (typeof category !== "string" || typeof updated_at !== "string") return undefined;
  if (typeof id !== "number" || typeof price_cents !== "number") return undefined;
  if (typeof stock !== "number" || typeof version !== "number" || !isNumberOrNull(list_price_cents)) return undefined;
  if (Number.isNaN(Date.parse(updated_at))) return undefined;
  return { id, name, brand, description, category, price_cents, list_price_cents, stock, version, updated_at };
}

export function parseCategory(value: unknown): Category | undefined {
  if (!isRecord(value)) return undefined;
  const { slug, name, products, in_stock, min_price_cents, max_price_cents, rating } = value;
  if (typeof slug !== "string" || typeof name !== "string") return undefined;
  if (typeof products !== "number" || typeof in_stock !== "number" || !isNumberOrNull(rating)) return undefined;
  if (!isNumberOrNull(min_price_cents) || !isNumberOrNull(max_price_cents)) return undefined;
  return { slug, name, products, in_stock, min_price_cents, max_price_cents, rating };
}

export function parseList<T>(value: unknown, parse: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items: T[] = [];
  for (const item of value) {
    const parsed = parse(item);
    if (parsed === undefined) return undefined;
    items.push(parsed);
  }
  return items;
}

/**
 * Strong: the row's version counts its changes, the time tells two databases' second versions apart, and the language
 * tells apart what one row looks like to different readers (RFC 9110 8.8.3.3).
 */
export function productETag(product: Product, locale: Locale): string {
  return `"${product.id}-${product.version}-${Date.parse(product.updated_at).toString(36)}-${locale}"`;
}
