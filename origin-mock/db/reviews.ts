// Owns the SQL of ratings, the aggregates of a product's reviews.
import { parseRating, type Rating } from "../catalogue/rating.ts";
import { type Queryable, rowAs, statement } from "./port.ts";
import { integers } from "./product-rows.ts";

const RATINGS_OF = statement(
  "ratings-of",
  `SELECT product_id, round(avg(rating), 2)::double precision AS average, count(rating)::integer AS count
    FROM reviews WHERE product_id = ANY ($1::text::integer[]) GROUP BY product_id`,
);

/** By product id. A product that nobody has rated, or that does not exist, is not in it. */
export async function ratingsOf(db: Queryable, ids: readonly number[]): Promise<ReadonlyMap<number, Rating>> {
  const rows = await db.query(RATINGS_OF, [integers(ids)]);
  return new Map(rows.map((row) => [Number(row["product_id"]), rowAs("rating", parseRating, row)]));
}
