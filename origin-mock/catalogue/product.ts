// Owns what a product is: its shape, how a row or a cached value becomes one, and its validators.

export type Product = {
  readonly id: number;
  readonly name: string;
  readonly brand: string;
  readonly description: string;
  readonly category: string;
  readonly price_cents: number;
  readonly stock: number;
  readonly version: number;
  /** ISO 8601, UTC, milliseconds. */
  readonly updated_at: string;
};

export type Category = { readonly slug: string; readonly name: string; readonly products: number };

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A product from a row or a decoded cache entry; undefined when anything is missing or of another type. */
export const parseProduct = (value: unknown): Product | undefined => {
  if (!isRecord(value)) return undefined;
  const { id, name, brand, description, category, price_cents, stock, version, updated_at } = value;
  if (typeof name !== "string" || typeof brand !== "string" || typeof description !== "string") return undefined;
  if (typeof category !== "string" || typeof updated_at !== "string") return undefined;
  if (typeof id !== "number" || typeof price_cents !== "number") return undefined;
  if (typeof stock !== "number" || typeof version !== "number") return undefined;
  if (Number.isNaN(Date.parse(updated_at))) return undefined;
  return { id, name, brand, description, category, price_cents, stock, version, updated_at };
};

export const parseCategory = (value: unknown): Category | undefined => {
  if (!isRecord(value)) return undefined;
  const { slug, name, products } = value;
  if (typeof slug !== "string" || typeof name !== "string" || typeof products !== "number") return undefined;
  return { slug, name, products };
};

export const parseList = <T>(value: unknown, parse: (item: unknown) => T | undefined): readonly T[] | undefined => {
  if (!Array.isArray(value)) return undefined;
  const items: T[] = [];
  for (const item of value) {
    const parsed = parse(item);
    if (parsed === undefined) return undefined;
    items.push(parsed);
  }
  return items;
};

/** Strong: the row's version counts its changes, and the time tells two databases' second versions apart. */
export const productETag = (product: Product): string =>
  `"${product.id}-${product.version}-${Date.parse(product.updated_at).toString(36)}"`;
