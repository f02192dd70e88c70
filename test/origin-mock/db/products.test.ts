// Proves single products: their texts in each language, and changes under the version that was read.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inventCatalogue } from "../../../origin-mock/db/generate.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { findProduct, findProducts, lockProduct, updateProduct } from "../../../origin-mock/db/products.ts";
import type { ProductChange, ProductChanges } from "../../../origin-mock/db/products.ts";
import { findProfile, updateProfile } from "../../../origin-mock/db/users.ts";
import type { Locale } from "../../../origin-mock/catalogue/locale.ts";
import { DATABASES, openFilled } from "../support/databases.ts";

const NOW_MS = Date.UTC(2026, 9, 1, 12);
const invented = inventCatalogue();
const kinds = (outcomes: readonly { readonly kind: string }[]): readonly string[] =>
  outcomes.map(({ kind }) => kind).toSorted();

describe.each(DATABASES)("$kind", (database) => {
  let db: Database;
  beforeAll(async () => {
    db = await openFilled(database);
  }, 60_000);
  afterAll(() => db.close());

  const change = (
    id: number,
    expectedVersion: number,
    changes: ProductChanges,
    locale: Locale = "en",
    nowMs = NOW_MS,
  ): Promise<ProductChange> =>
    db.transaction((tx) => updateProduct(tx, id, { expectedVersion, locale, changes, nowMs }));

  test("a product speaks every language, and is otherwise the same", async () => {
    const [wanted] = invented;
    const english = await findProduct(db, 1, "en");
    expect(english).toEqual(wanted?.product);
    expect(await findProduct(db, 1, "de")).toEqual({ ...english, ...wanted?.translations.de });
    expect(await findProduct(db, 1, "fr")).toEqual({ ...english, ...wanted?.translations.fr });
    expect(await findProduct(db, 999_999, "de")).toBeUndefined();
  });

  test("many come in the order asked for, without those that are not there", async () => {
    const found = await findProducts(db, [40, 7, 999_999, 12], "fr");
    expect(found.map(({ id }) => id)).toEqual([40, 7, 12]);
    expect(found[1]?.name).toBe(invented[6]?.translations.fr.name);
    expect(await findProducts(db, [], "en")).toEqual([]);
  });

  test("a change counts the version up, and moves the time forward whatever the clock says", async () => {
    const first = await change(20, 1, { price_cents: 1 });
    expect(first).toMatchObject({
      kind: "updated",
      product: { price_cents: 1, version: 2, updated_at: new Date(NOW_MS).toISOString() },
    });
    const second = await change(20, 2, { stock: 3 }, "en", NOW_MS - 86_400_000);
    expect(second).toMatchObject({
      kind: "updated",
      product: { price_cents: 1, stock: 3, version: 3, updated_at: new Date(NOW_MS + 1).toISOString() },
    });
  });

  test("another version is a conflict, another product is missing, and neither changes anything", async () => {
    const before = await findProduct(db, 21, "en");
    expect(await change(21, 2, { stock: 0, name: "X" })).toEqual({ kind: "conflict" });
    expect(await change(21, 2, { name: "X" }, "de")).toEqual({ kind: "conflict" });
    expect(await change(999_999, 1, { stock: 0 })).toEqual({ kind: "missing" });
    expect(await findProduct(db, 21, "en")).toEqual(before);
    expect((await findProduct(db, 21, "de"))?.name).toBe(invented[20]?.translations.de.name);
  });

  test("of many writers with one version, one wins", async () => {
    const outcomes = await Promise.all(Array.from({ length: 8 }, (_, stock) => change(22, 1, { stock })));
    expect(kinds(outcomes)).toEqual([...Array.from({ length: 7 }, () => "conflict"), "updated"]);
    expect((await findProduct(db, 22, "en"))?.version).toBe(2);
  });

  test("texts are changed in one language, everything else for all", async () => {
    const german = await change(23, 1, { name: "Ofen", price_cents: 5 }, "de");
    const own = invented[22]?.translations;
    expect(german).toMatchObject({ product: { name: "Ofen", description: own?.de.description, price_cents: 5 } });
    expect(await findProduct(db, 23, "en")).toMatchObject({
      name: invented[22]?.product.name,
      price_cents: 5,
      version: 2,
    });
    expect(await findProduct(db, 23, "fr")).toMatchObject({ name: own?.fr.name, price_cents: 5, version: 2 });
    await change(23, 2, { description: "All English" });
    expect(await findProduct(db, 23, "de")).toMatchObject({
      name: "Ofen",
      description: own?.de.description,
      version: 3,
    });
  });

  test("what is not translated is shown in English, text by text", async () => {
    await db.query("DELETE FROM product_translations WHERE product_id = 24");
    expect(await findProduct(db, 24, "fr")).toEqual(await findProduct(db, 24, "en"));
    await change(24, 1, { name: "Four" }, "fr");
    expect(await findProduct(db, 24, "fr")).toMatchObject({
      name: "Four",
      description: invented[23]?.product.description,
    });
  });

  test("who waits for a locked product reads what the holder wrote, in every language", async () => {
    const locked = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const holder = db.transaction(async (tx) => {
      await lockProduct(tx, 25, "de");
      locked.resolve();
      await mayCommit.promise;
      return updateProduct(tx, 25, { expectedVersion: 1, locale: "de", changes: { name: "Neu" }, nowMs: NOW_MS });
    });
    await locked.promise;
    const waiter = db.transaction((tx) => lockProduct(tx, 25, "de"));
    mayCommit.resolve();
    expect(await holder).toMatchObject({ kind: "updated" });
    expect(await waiter).toMatchObject({ name: "Neu", version: 2 });
  });

  test("inventory changes under its version, and counts it up", async () => {
    const set = (stock: number, expectedVersion: number, id = 26): Promise<ProductChange> =>
      updateProduct(db, id, { expectedVersion, locale: "en", changes: { stock }, nowMs: NOW_MS });
    expect(await set(9, 1)).toMatchObject({ kind: "updated", product: { stock: 9, version: 2 } });
    expect(await set(8, 1)).toEqual({ kind: "conflict" });
    expect(await set(8, 2)).toMatchObject({ kind: "updated", product: { stock: 8, version: 3 } });
    expect(await set(1, 1, 999_999)).toEqual({ kind: "missing" });
  });

  test("profiles change under their version too", async () => {
    expect(await findProfile(db, "bob")).toMatchObject({ version: 1 });
    const outcomes = await Promise.all(
      ["B.", "Bob B.", "Mr. B."].map((display_name) => updateProfile(db, "bob", 1, { display_name })),
    );
    expect(kinds(outcomes)).toEqual(["conflict", "conflict", "updated"]);
    expect(await updateProfile(db, "bob", 2, { email: "b@shop.example" })).toEqual({
      kind: "updated",
      profile: { username: "bob", display_name: expect.any(String), email: "b@shop.example", version: 3 },
    });
    expect(await updateProfile(db, "nobody", 1, { email: "b@shop.example" })).toEqual({ kind: "missing" });
  });
});
