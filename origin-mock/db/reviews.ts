// Owns the SQL about reviews, and the ratings computed from them.
import { parseRating, type Rating } from "../catalogue/rating.ts";
import { type Queryable, type Row, statement } from "./port.ts";
import { integers } from "./product-rows.ts";

const RATING = "round(avg(r.rating), 2)::double precision AS rating, count(r.rating)::integer AS reviews";

const RATING_OF = statement(
  "rating-of",
  `SELECT ${RATING} FROM products p LEFT JOIN reviews r ON r.product_id = p.id WHERE p.id = $1 GROUP BY p.id`,
);
const RATINGS_OF = statement(
  "ratings-of",
  `SELECT p.id, ${RATING} FROM products p LEFT JOIN reviews r ON r.product_id = p.id
    WHERE p.id = ANY ($1::text::integer[]) GROUP BY p.id`,
);
const WRITE = statement(
  "review-write",
  `INSERT INTO reviews (product_id, username, rating) SELECT id, $2, $3 FROM products WHERE id = $1
    ON CONFLICT (product_id, username) DO UPDATE SET rating = excluded.rating RETURNING product_id`,
);

function ratingFrom(row: Row): Rating {
  const rating = parseRating(row);
  if (rating === undefined) throw new Error(`a rating row does not look like one: ${JSON.stringify(row)}`);
  return rating;
}

/** Undefined when there is no such product. */
export async function ratingOf(db: Queryable, id: number): Promise<Rating | undefined> {
  const [row] = await db.query(RATING_OF, [id]);
  return row === undefined ? undefined : ratingFrom(row);
}

/** By product id; products that are not there are not in it. */
export async function ratingsOf(db: Queryable, ids: readonly number[]): Promise<ReadonlyMap<number, Rating>> {
  const rows = await db.query(RATINGS_OF, [integers(ids)]);
  return new Map(rows.map((row) => [Number(row["id"]), ratingFrom(row)]));
}

/** One review per person and product: a second one replaces the first. `rating` is a whole number from 1 to 5. */
export async function writeReview(
  tx: Queryable,
  review: { readonly productId: number; readonly username: string; readonly rating: number },
): Promise<{ readonly kind: "written" } | { readonly kind: "missing" }> {
  const rows = await tx.query(WRITE, [review.productId, review.username, review.rating]);
  return { kind: rows.length > 0 ? "written" : "missing" };
}
