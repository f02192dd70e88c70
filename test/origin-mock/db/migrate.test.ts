// Proves that a schema changes as a whole or not at all, and that a database of an earlier version gets what is new, once.
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listCategories } from "../../../origin-mock/db/categories.ts";
import { CATEGORIES } from "../../../origin-mock/db/catalogue-words.ts";
import { generateProducts, inventCatalogue } from "../../../origin-mock/db/generate.ts";
import { migrate } from "../../../origin-mock/db/migrate.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { findProduct } from "../../../origin-mock/db/products.ts";
import { seed } from "../../../origin-mock/db/seed.ts";
import { DATABASES } from "../support/databases.ts";

const MIGRATIONS = new URL("../../../origin-mock/db/migrations/", import.meta.url);
const FIRST = ["001_catalogue.sql", "002_users.sql", "003_seeds.sql"] as const;

describe.each(DATABASES)("$kind", ({ open }) => {
  let db: Database;
  let path: string;
  let folder: URL;
  beforeEach(async () => {
    db = await open();
    path = await mkdtemp(join(tmpdir(), "strata-migrations-"));
    folder = pathToFileURL(`${path}/`);
    for (const name of FIRST) await cp(new URL(name, MIGRATIONS), join(path, name));
  }, 60_000);
  afterEach(async () => {
    await db.close();
    await rm(path, { recursive: true });
  });

  test("a file that fails takes those before it back, and can be tried again", async () => {
    await migrate(db, folder);
    await writeFile(join(path, "004_good.sql"), "CREATE TABLE good (n integer); INSERT INTO good VALUES (1)");
    await writeFile(
      join(path, "005_bad.sql"),
      "CREATE TABLE half (n integer); SELECT 1 / (SELECT count(*) - 1 FROM good)",
    );
    await expect(migrate(db, folder)).rejects.toMatchObject({ code: "22012" });
    for (const table of ["good", "half"]) {
      await expect(db.query(`SELECT * FROM ${table}`)).rejects.toMatchObject({ code: "42P01" });
    }
    await writeFile(join(path, "005_bad.sql"), "CREATE TABLE half (n integer)");
    expect(await migrate(db, folder)).toEqual(["004_good.sql", "005_bad.sql"]);
    expect(await migrate(db, folder)).toEqual([]);
  });

  test("what is no migration is not run", async () => {
    await writeFile(join(path, "notes.sql"), "nonsense");
    await writeFile(join(path, "004_old.sql.orig"), "nonsense");
    expect(await migrate(db, folder)).toEqual(FIRST);
  });

  test("a database filled before there were languages gets them, and keeps what people changed", async () => {
    await migrate(db, folder);
    for (const [position, { slug, name }] of CATEGORIES.entries()) {
      await db.query("INSERT INTO categories (slug, name, position) VALUES ($1, $2, $3)", [slug, name, position]);
    }
    const columns = "id, name, brand, description, category, price_cents, stock, version, updated_at";
    const old = generateProducts()
      .slice(0, 60)
      .map((product) => ({ ...product, category: "bath" }));
    await db.query(
      `INSERT INTO products (${columns})
        SELECT ${columns} FROM jsonb_populate_recordset(NULL::products, $1::text::jsonb)`,
      [JSON.stringify(old)],
    );
    const [raised, reduced] = old.filter(({ list_price_cents }) => list_price_cents !== null);
    await db.query("DELETE FROM products WHERE id = 5");
    await db.query("UPDATE products SET brand = 'Another' WHERE id = 6");
    await db.query("UPDATE products SET price_cents = 2000000000 WHERE id = $1", [raised?.id ?? 0]);
    await db.query("INSERT INTO seeds (name) VALUES ('catalogue-1')");
    expect((await migrate(db)).length).toBeGreaterThan(5);
    expect(await seed(db)).toBe(true);
    expect(await db.query("SELECT count(*)::integer AS n FROM products")).toEqual([{ n: 59 }]);
    const translated = inventCatalogue()[6]?.translations.de;
    expect(await findProduct(db, 7, "de")).toMatchObject({ name: translated?.name, version: 1 });
    expect(await findProduct(db, 6, "de")).toEqual(await findProduct(db, 6, "en"));
    expect(await findProduct(db, raised?.id ?? 0, "en")).toMatchObject({ list_price_cents: null, version: 1 });
    expect(await findProduct(db, reduced?.id ?? 0, "en")).toMatchObject({
      list_price_cents: reduced?.list_price_cents,
      version: 2,
      updated_at: new Date(Date.parse(reduced?.updated_at ?? "") + 1).toISOString(),
    });
    expect((await listCategories(db, "fr")).find(({ slug }) => slug === "bath")).toMatchObject({ products: 59 });
    expect([await migrate(db), await seed(db)]).toEqual([[], false]);
  });
});
