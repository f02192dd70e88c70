// Proves that both databases behave alike behind the port, and that setting up is done once.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateProducts } from "../../../origin-mock/db/generate.ts";
import { migrate } from "../../../origin-mock/db/migrate.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { openPostgres } from "../../../origin-mock/db/postgres.ts";
import { findProduct, listCategories, listProducts } from "../../../origin-mock/db/products.ts";
import { seed } from "../../../origin-mock/db/seed.ts";
import { DATABASES } from "../support/databases.ts";

describe.each(DATABASES)("$kind", ({ open }) => {
  let db: Database;
  beforeAll(async () => {
    db = await open();
  }, 60_000);
  afterAll(() => db.close());

  test("migrations run once, in order", async () => {
    expect(await migrate(db)).toEqual(["001_catalogue.sql", "002_users.sql", "003_seeds.sql", "010_outbox.sql"]);
    expect(await migrate(db)).toEqual([]);
  });

  test("seeding takes few statements, and is done once", async () => {
    let statements = 0;
    const counting: Database = {
      ...db,
      transaction: (work) =>
        db.transaction((tx) =>
          work({
            ...tx,
            query(sql, params) {
              statements += 1;
              return tx.query(sql, params);
            },
          }),
        ),
    };
    expect(await seed(counting)).toBe(true);
    // Batches, not rows: a bound that holds on a slow machine too.
    expect(statements).toBeLessThan(20);
    await db.query("UPDATE products SET stock = 1, version = 2 WHERE id = 1");
    expect(await seed(db)).toBe(false);
    expect(await findProduct(db, 1)).toMatchObject({ stock: 1, version: 2 });
  });

  test("what was invented is what is read", async () => {
    const invented = generateProducts();
    expect(await findProduct(db, 5_000)).toEqual(invented[4_999]);
    expect(await listProducts(db, { category: undefined, page: 2, limit: 10 })).toEqual(invented.slice(10, 20));
    expect(await findProduct(db, 2_000_000)).toBeUndefined();
    const categories = await listCategories(db);
    expect(categories.reduce((sum, { products }) => sum + products, 0)).toBe(invented.length);
  });

  test("a transaction that throws leaves nothing behind", async () => {
    const doomed = db.transaction(async (tx) => {
      await tx.query("UPDATE products SET stock = 77 WHERE id = 2");
      throw new Error("changed my mind");
    });
    await expect(doomed).rejects.toThrow("changed my mind");
    expect((await findProduct(db, 2))?.stock).not.toBe(77);
  });

  test("a conflict has its own name; a bad statement keeps its error", async () => {
    const twin = db.query(
      "UPDATE products SET (brand, name) = (SELECT brand, name FROM products WHERE id = 3) WHERE id = 4",
    );
    await expect(twin).rejects.toMatchObject({ name: "UniqueViolation" });
    await expect(db.query("SELECT * FROM nowhere")).rejects.toMatchObject({ code: "42P01" });
    expect(await findProduct(db, 4)).toBeDefined();
  });
});

test("a closed embedded database, and a server that is not there, are unavailable", async () => {
  const nobody = openPostgres("postgres://shop@127.0.0.1:1/shop", () => undefined);
  await expect(nobody.query("SELECT 1")).rejects.toMatchObject({ name: "DatabaseUnavailable" });
  await expect(nobody.transaction(async () => 1)).rejects.toMatchObject({ name: "DatabaseUnavailable" });
  await nobody.close();
});
