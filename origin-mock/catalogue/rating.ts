// Owns what a rating is: the computed aggregate of a product's reviews.
import { isRecord } from "./product.ts";

/** `rating` is the mean of 1 to 5, rounded to hundredths; null without reviews. */
export interface Rating {
  readonly rating: number | null;
  readonly reviews: number;
}

/** A rating from a row or a decoded cache entry; undefined when it does not look like one. */
export function parseRating(value: unknown): Rating | undefined {
  if (!isRecord(value)) return undefined;
  const { rating, reviews } = value;
  if (typeof reviews !== "number") return undefined;
  return rating === null || typeof rating === "number" ? { rating, reviews } : undefined;
}
