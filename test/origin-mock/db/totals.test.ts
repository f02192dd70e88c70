// Proves what is computed from many rows: the totals of categories, kept by a view, and the ratings of products.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  categorySlugs,
  categoryTotalsAsOf,
  listCategories,
  refreshCategoryTotals,
  TOTALS_LOCK,
  updateCategoryName,
} from "../../../origin-mock/db/categories.ts";
import { CATEGORIES, TRANSLATIONS } from "../../../origin-mock/db/catalogue-words.ts";
import { generateProducts, inventReviews } from "../../../origin-mock/db/generate.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { ratingsOf } from "../../../origin-mock/db/reviews.ts";
import { DATABASES, openFilled } from "../support/databases.ts";

const products = generateProducts();
const reviews = inventReviews(products);
const mean = (stars: readonly number[]): number | null =>
  stars.length === 0 ? null : Math.round((stars.reduce((sum, star) => sum + star, 0) / stars.length) * 100) / 100;
const starsOf = (wanted: (productId: number) => boolean): readonly number[] =>
  reviews.filter(({ product_id }) => wanted(product_id)).map(({ rating }) => rating);

describe.each(DATABASES)("$kind", (database) => {
  let db: Database;
  beforeAll(async () => {
    db = await openFilled(database);
  }, 60_000);
  afterAll(() => db.close());
  /** Somebody waits for a lock. */
  const waiting = async (): Promise<void> => {
    const asleep = "SELECT count(*)::integer AS n FROM pg_locks WHERE NOT granted AND locktype = 'advisory'";
    while (Number((await db.query(asleep))[0]?.["n"]) === 0);
  };
  const bath = async () => (await listCategories(db, "en")).find(({ slug }) => slug === "bath");

  test("a filled database has its totals", async () => {
    const inBath = products.filter(({ category }) => category === "bath");
    const ids = new Set(inBath.map(({ id }) => id));
    const prices = inBath.map(({ price_cents }) => price_cents);
    expect(await bath()).toEqual({
      slug: "bath",
      name: "Bath",
      products: 220,
      in_stock: inBath.filter(({ stock }) => stock > 0).length,
      min_price_cents: Math.min(...prices),
      max_price_cents: Math.max(...prices),
      rating: mean(starsOf((id) => ids.has(id))),
    });
    const slugs = CATEGORIES.map(({ slug }) => slug);
    expect((await listCategories(db, "de")).map(({ slug }) => slug)).toEqual(slugs);
    expect(await categorySlugs(db)).toEqual(new Set(slugs));
  });

  test("totals change when they are refreshed, and say as of when", async () => {
    const before = await categoryTotalsAsOf(db);
    await db.query("UPDATE products SET stock = 0, price_cents = 1 WHERE id = 7");
    await db.query("DELETE FROM products WHERE id = 31");
    expect(await bath()).toMatchObject({ products: 220 });
    expect(await categoryTotalsAsOf(db)).toBe(before);
    await refreshCategoryTotals(db);
    expect(await bath()).toMatchObject({ products: 219, min_price_cents: 1 });
    const after = await categoryTotalsAsOf(db);
    expect(before !== undefined && after !== undefined && after > before).toBe(true);
  });

  test("readers go on while totals are refreshed", async () => {
    const read = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const reader = db.transaction(async (tx) => {
      await tx.query("SELECT count(*) FROM category_totals");
      read.resolve();
      await mayEnd.promise;
    });
    await read.promise;
    // The embedded database does one transaction at a time: there the refresh waits for the reader.
    const refresh = refreshCategoryTotals(db);
    if (database.kind === "postgres") await refresh;
    mayEnd.resolve();
    await Promise.all([reader, refresh]);
  });

  test.skipIf(database.kind === "pglite")(
    "a refresh that waited for another sees what was committed meanwhile",
    async () => {
      const [locked, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const other = db.transaction(async (tx) => {
        await tx.query(TOTALS_LOCK);
        locked.resolve();
        await mayEnd.promise;
      });
      await locked.promise;
      const refresh = refreshCategoryTotals(db);
      await waiting();
      await db.query("UPDATE products SET price_cents = 0 WHERE id = 7");
      mayEnd.resolve();
      await Promise.all([other, refresh]);
      expect(await bath()).toMatchObject({ min_price_cents: 0 });
    },
  );

  test("a category without products, and one newer than the totals", async () => {
    await db.query("INSERT INTO categories (slug, name, position) VALUES ('new', 'New', 99)");
    const empty = {
      slug: "new",
      name: "New",
      products: 0,
      in_stock: 0,
      min_price_cents: null,
      max_price_cents: null,
      rating: null,
    };
    expect((await listCategories(db, "fr")).at(-1)).toEqual(empty);
    await refreshCategoryTotals(db);
    expect((await listCategories(db, "fr")).at(-1)).toEqual(empty);
  });

  test("names of categories, per language", async () => {
    const nameIn = async (locale: "en" | "de") =>
      (await listCategories(db, locale)).find(({ slug }) => slug === "pets")?.name;
    expect(await nameIn("de")).toBe(TRANSLATIONS.de.categories["pets"]?.name);
    expect(await updateCategoryName(db, "pets", "de", "Tiere")).toEqual({ kind: "updated" });
    expect([await nameIn("de"), await nameIn("en")]).toEqual(["Tiere", "Pets"]);
    expect(await updateCategoryName(db, "pets", "en", "Animals")).toEqual({ kind: "updated" });
    await db.query("DELETE FROM category_translations WHERE slug = 'pets'");
    expect([await nameIn("de"), await nameIn("en")]).toEqual(["Animals", "Animals"]);
    expect(await updateCategoryName(db, "pets", "de", "Tiere")).toEqual({ kind: "updated" });
    expect(await nameIn("de")).toBe("Tiere");
    for (const locale of ["en", "de"] as const) {
      expect(await updateCategoryName(db, "nowhere", locale, "X")).toEqual({ kind: "missing" });
    }
  });

  test("ratings are the mean of a product's reviews; none is no rating", async () => {
    const unrated = products.find(({ id }) => starsOf((each) => each === id).length === 0)?.id ?? 0;
    const rated = products.find(({ id }) => starsOf((each) => each === id).length === 3)?.id ?? 0;
    const stars = starsOf((id) => id === rated);
    const many = await ratingsOf(db, [unrated, 999_999, rated, rated]);
    expect([...many]).toEqual([[rated, { average: mean(stars), count: 3 }]]);
    expect(await ratingsOf(db, [unrated])).toEqual(new Map());
    expect(await ratingsOf(db, [999_999])).toEqual(new Map());
  });

  test("one review per person and product: a second one replaces the first", async () => {
    await db.query("DELETE FROM reviews WHERE product_id = 12");
    const write = (username: string, rating: number, productId = 12) =>
      db.query(
        `INSERT INTO reviews (product_id, username, rating) VALUES ($1, $2, $3)
          ON CONFLICT (product_id, username) DO UPDATE SET rating = excluded.rating`,
        [productId, username, rating],
      );
    await write("alice", 1);
    await write("bob", 4);
    await write("alice", 5);
    expect((await ratingsOf(db, [12])).get(12)).toEqual({ average: 4.5, count: 2 });
    await expect(write("bob", 1, 999_999)).rejects.toMatchObject({ code: "23503" });
    await expect(write("bob", 6)).rejects.toMatchObject({ code: "23514" });
  });
});
