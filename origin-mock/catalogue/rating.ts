// Owns ratings: the computed aggregate of a product's reviews.
import * as v from "valibot";
import { parserOf } from "../schema.ts";

const rating = v.object({
  /** Rounded to hundredths. */
  average: v.pipe(v.number(), v.minValue(1), v.maxValue(5)),
  count: v.pipe(v.number(), v.integer(), v.minValue(1)),
});
export type Rating = Readonly<v.InferOutput<typeof rating>>;

export const parseRating: (value: unknown) => Rating | undefined = parserOf(rating);
