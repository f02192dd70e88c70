// Proves lists, search and deals: their order, their pages while the shop changes, and that an index answers them.
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseListCursor, parseSearchCursor } from "../../../origin-mock/catalogue/cursor.ts";
import type { Locale } from "../../../origin-mock/catalogue/locale.ts";
import { DEALS, listDeals } from "../../../origin-mock/db/deals.ts";
import { inventCatalogue } from "../../../origin-mock/db/generate.ts";
import { AFTER, CATEGORY_AFTER, listAfter, listProducts } from "../../../origin-mock/db/lists.ts";
import type { Page } from "../../../origin-mock/db/lists.ts";
import type { Database, Queryable } from "../../../origin-mock/db/port.ts";
import { SEARCH, searchProducts } from "../../../origin-mock/db/search.ts";
import { DATABASES, openFilled } from "../support/databases.ts";
import { planOf } from "../support/plans.ts";

const invented = inventCatalogue();
const inventedProducts = invented.map(({ product }) => product);
const idsOf = (products: readonly { readonly id: number }[]): readonly number[] => products.map(({ id }) => id);

/** Every page in turn; `between` runs before each page but the first. */
const walk = async (
  pageAfter: (next: string | undefined) => Promise<Page>,
  between: (seen: readonly number[]) => Promise<void> = async () => undefined,
): Promise<readonly number[]> => {
  const seen: number[] = [];
  let next: string | undefined;
  do {
    if (next !== undefined) await between(seen);
    const page = await pageAfter(next);
    seen.push(...idsOf(page.products));
    next = page.next;
  } while (next !== undefined);
  return seen;
};

const listCursorOf = (next: string | undefined) => {
  const parsed = next === undefined ? undefined : parseListCursor(next);
  return parsed?.ok === true ? parsed.value : undefined;
};
const searchCursorOf = (next: string | undefined) => {
  const parsed = next === undefined ? undefined : parseSearchCursor(next);
  return parsed?.ok === true ? parsed.value : undefined;
};

describe.each(DATABASES)("$kind", (database) => {
  let db: Database;
  beforeAll(async () => {
    db = await openFilled(database);
  }, 60_000);
  afterAll(() => db.close());

  const walkList = (
    reader: Queryable,
    category: string | undefined,
    limit: number,
    between?: (seen: readonly number[]) => Promise<void>,
  ) => walk((next) => listAfter(reader, { category, after: listCursorOf(next), limit, locale: "en" }), between);

  test("keyset pages are the numbered pages, in any language", async () => {
    const page = (n: number) => listProducts(db, { category: "bath", page: n, limit: 50, locale: "de" });
    const numbered = (await Promise.all([1, 2, 3, 4, 5, 6].map(page))).flat();
    expect(numbered).toHaveLength(220);
    expect(numbered[0]?.name).toBe(invented[6]?.translations.de.name);
    expect(await walkList(db, "bath", 50)).toEqual(idsOf(numbered));
    expect(await walkList(db, "bath", 220)).toEqual(idsOf(numbered));
    const first = await listAfter(db, { category: "bath", after: undefined, limit: 2, locale: "de" });
    expect(first.products).toEqual(numbered.slice(0, 2));
  });

  test("the whole shop, and lists that are empty", async () => {
    expect(await walkList(db, undefined, 1_000)).toEqual(idsOf(inventedProducts));
    expect(await walkList(db, "nowhere", 10)).toEqual([]);
    const past = await listAfter(db, { category: undefined, after: { id: 2_147_483_647 }, limit: 10, locale: "en" });
    expect(past).toEqual({ products: [], next: undefined });
  });

  test("what stays is seen once, whatever comes and goes between the pages", async () => {
    const id = (place: number): number => 1_000_000 + place;
    const changes = fc.record({ insert: fc.array(fc.nat(39)), remove: fc.array(fc.nat(39)) });
    const insert = (tx: Queryable, places: readonly number[]) =>
      tx.query(
        `INSERT INTO products (id, name, brand, description, category, price_cents, stock, updated_at)
          SELECT n, 'N' || n, 'B', 'D', 'keyset', 1, 1, now() FROM unnest($1::text::integer[]) AS n
          ON CONFLICT DO NOTHING`,
        [`{${places.map(id).join(",")}}`],
      );
    const undo = new Error("undo");
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(39)),
        fc.array(changes),
        fc.integer({ min: 1, max: 5 }),
        async (start, script, limit) => {
          const trial = db.transaction(async (tx) => {
            await tx.query("INSERT INTO categories (slug, name, position) VALUES ('keyset', 'K', 99)");
            await insert(tx, start);
            const removed = new Set<number>();
            const inserted = new Set<number>();
            const queue = [...script];
            const seen = await walkList(tx, "keyset", limit, async (soFar) => {
              const step = queue.shift() ?? { insert: [], remove: [] };
              await tx.query("DELETE FROM products WHERE id = ANY ($1::text::integer[])", [
                `{${step.remove.map(id).join(",")}}`,
              ]);
              await insert(tx, step.insert);
              for (const place of step.remove) removed.add(id(place));
              const last = soFar.at(-1) ?? 0;
              for (const place of step.insert) if (id(place) > last) inserted.add(id(place));
            });
            expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
            const stayed = [...start.map(id), ...inserted].filter((each) => !removed.has(each));
            expect(stayed.filter((each) => !seen.includes(each))).toEqual([]);
            throw undo;
          });
          await expect(trial).rejects.toBe(undo);
        },
      ),
      { numRuns: 40 },
    );
  });

  describe.each(["generic", "custom"] as const)("planned for %s parameters", (mode) => {
    test("a page is read from an index, from its cursor on, without sorting", async () => {
      const whole = await planOf(db, AFTER, ["de", 4_000, 25], mode);
      const category = await planOf(db, CATEGORY_AFTER, ["de", 4_000, 25, "bath"], mode);
      expect(whole.indexes).toContain("products_pkey");
      // The planner's choice: both hold the ids of a category in order.
      expect(category.indexes).toContainEqual(expect.stringMatching(/^products_(?:by_category|pkey)$/));
      const steps = [...whole.steps, ...category.steps];
      expect(steps.filter((step) => /Sort|Seq Scan/.test(step))).toEqual([]);
    });

    test("deals are read from their index, in its order", async () => {
      const { steps, indexes } = await planOf(db, DEALS, ["en", 24], mode);
      expect(indexes).toContain("products_by_discount");
      expect(steps.filter((step) => /Sort|Seq Scan/.test(step))).toEqual([]);
    });

    test.each([
      ["en", "products_by_words"],
      ["de", "product_translations_by_words_de"],
      ["fr", "product_translations_by_words_fr"],
    ] as const)("words in %s are looked up in their index", async (locale, index) => {
      const { indexes } = await planOf(db, SEARCH[locale], [locale, "kestrel", null, null, 25], mode);
      expect(indexes).toContain(index);
    });
  });

  const found = async (q: string, locale: Locale = "en", limit = 100): Promise<Page["products"]> =>
    (await searchProducts(db, { q, locale, limit, after: undefined })).products;

  test.each([
    ["en", "sauce pans kettles or nothing", []],
    ["en", "saucepan steel", ["Saucepan", "Steel"]],
    ["en", "SAUCEPANS", ["Saucepan"]],
    ["de", "Kochtöpfe stahl", ["Kochtopf", "Stahl"]],
    ["fr", "casseroles cuivre", ["Casserole", "cuivre"]],
    ["de", "kochtopf penhallow", ["Kochtopf"]],
  ] as const)("%s: %s finds %j", async (locale, q, words) => {
    const products = await found(q, locale);
    expect(products.length > 0).toBe(words.length > 0);
    for (const { name } of products.slice(0, 5)) for (const word of words) expect(name).toContain(word);
  });

  test("phrases, alternatives and exclusions", async () => {
    const countOf = async (q: string): Promise<number> => (await found(q, "en", 1_000)).length;
    const [saucepans, steel, others] = [
      await countOf("saucepan"),
      await countOf('"steel saucepan"'),
      await countOf("saucepan -steel"),
    ];
    expect(steel).toBeGreaterThan(0);
    expect(others).toBeGreaterThan(0);
    expect(steel + others).toBeLessThanOrEqual(saucepans);
    expect(await countOf("saucepan or colander")).toBe(saucepans + (await countOf("colander -saucepan")));
  });

  test.each([
    "",
    "the",
    "'",
    '"',
    "\\",
    "& | ! ( ) :*",
    "-",
    "a\0b",
    "%",
    "'; DROP TABLE products; --",
    "\ud800",
    "😀",
  ])("%j is no error", async (q) => {
    for (const locale of ["en", "de", "fr"] as const) expect(Array.isArray(await found(q, locale))).toBe(true);
  });

  test("pages of a search go on where they ended, and leave nothing out", async () => {
    const all = await found("saucepan", "en", 1_000);
    const pages = await walk((next) =>
      searchProducts(db, { q: "saucepan", locale: "en", limit: 3, after: searchCursorOf(next) }),
    );
    expect(all.length).toBeGreaterThan(3);
    expect(pages).toEqual(idsOf(all));
    const wide = await walk((next) =>
      searchProducts(db, { q: "oak or guarantee", locale: "en", limit: 700, after: searchCursorOf(next) }),
    );
    expect(new Set(wide).size).toBe(wide.length);
    expect(wide.toSorted((a, b) => a - b)).toEqual(idsOf(inventedProducts));
  });

  test("a name counts more than a description, and equals come by id", async () => {
    const undo = new Error("undo");
    const trial = db.transaction(async (tx) => {
      await tx.query("UPDATE products SET description = 'a zzyzx thing' WHERE id IN (10, 30)");
      await tx.query("UPDATE products SET name = 'Zzyzx thing ' || id WHERE id IN (20, 40)");
      const { products } = await searchProducts(tx, { q: "zzyzx", locale: "en", limit: 10, after: undefined });
      expect(idsOf(products)).toEqual([20, 40, 10, 30]);
      throw undo;
    });
    await expect(trial).rejects.toBe(undo);
  });

  test("a product without a translation is found by its English words, and a changed one by its new ones", async () => {
    const undo = new Error("undo");
    const trial = db.transaction(async (tx) => {
      await tx.query("UPDATE products SET name = 'Zzyzx Lamp' WHERE id = 11");
      const search = async (locale: Locale) =>
        idsOf((await searchProducts(tx, { q: "zzyzx", locale, limit: 5, after: undefined })).products);
      expect([await search("en"), await search("de")]).toEqual([[11], []]);
      await tx.query("DELETE FROM product_translations WHERE product_id = 11");
      expect(await search("de")).toEqual([11]);
      throw undo;
    });
    await expect(trial).rejects.toBe(undo);
  });

  test("deals: at least a fifth off, the largest share first", async () => {
    const expected = inventedProducts
      .filter(
        ({ price_cents, list_price_cents }) => list_price_cents !== null && price_cents * 5 <= list_price_cents * 4,
      )
      .map((product) => ({ product, share: product.price_cents / (product.list_price_cents ?? 1) }))
      .toSorted((a, b) => a.share - b.share || a.product.id - b.product.id)
      .map(({ product }) => product);
    expect(expected.length).toBeGreaterThan(100);
    expect(await listDeals(db, { limit: 5_000, locale: "en" })).toEqual(expected);
    const [best] = await listDeals(db, { limit: 1, locale: "fr" });
    expect(best).toMatchObject({ id: expected[0]?.id, name: invented[(best?.id ?? 0) - 1]?.translations.fr.name });
  });

  test("exactly a fifth is a deal, a cent less is none, and large prices do not overflow", async () => {
    const undo = new Error("undo");
    const trial = db.transaction(async (tx) => {
      await tx.query("UPDATE products SET list_price_cents = NULL");
      const price = (id: number, now: number, before: number) =>
        tx.query("UPDATE products SET price_cents = $2, list_price_cents = $3 WHERE id = $1", [id, now, before]);
      await price(1, 800, 1_000);
      await price(2, 801, 1_000);
      await price(3, 2_147_483_647, 2_147_483_647);
      await price(4, 0, 2_147_483_647);
      expect(idsOf(await listDeals(tx, { limit: 10, locale: "en" }))).toEqual([4, 1]);
      throw undo;
    });
    await expect(trial).rejects.toBe(undo);
  });
});
