// Proves that a server parses a statement once per connection, and that a name stands for one text.
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { statement } from "../../../origin-mock/db/port.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { migrate } from "../../../origin-mock/db/migrate.ts";
import { findProduct } from "../../../origin-mock/db/products.ts";
import { DATABASES } from "../support/databases.ts";

const ROOM = resolve(import.meta.dirname, "../../../origin-mock");

test("no two statements have one name, and none has one the server would cut off", () => {
  const names = globSync("**/*.ts", { cwd: ROOM }).flatMap((file) =>
    [...readFileSync(join(ROOM, file), "utf8").matchAll(/\bstatement\(\s*["`]([^"`]+)["`]/g)].map(
      ([, name = ""]) => name,
    ),
  );
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect(names.filter((name) => Buffer.byteLength(name) > 50)).toEqual([]);
});

describe.each(DATABASES)("$kind", ({ kind, open }) => {
  let db: Database;
  beforeAll(async () => {
    db = await open();
    await migrate(db);
  }, 60_000);
  afterAll(() => db.close());

  test("a statement answers as its text does", async () => {
    const sum = statement("sum", "SELECT $1::integer + $2::integer AS sum");
    for (const n of [1, 2]) {
      expect(await db.query(sum, [n, 2])).toEqual([{ sum: n + 2 }]);
      expect(await db.query(sum.text, [n, 2])).toEqual([{ sum: n + 2 }]);
    }
    await expect(db.query(statement("broken", "SELECT nothing"))).rejects.toMatchObject({ code: "42703" });
    await expect(db.query(statement("broken", "SELECT nothing"))).rejects.toMatchObject({ code: "42703" });
  });

  test("a server holds it, once, and uses it again; the embedded database does not", async () => {
    const held = await db.transaction(async (tx) => {
      for (let id = 1; id <= 7; id += 1) await findProduct(tx, id, "de");
      await tx.query("SELECT 1 AS unnamed");
      return tx.query("SELECT name, generic_plans + custom_plans AS uses FROM pg_prepared_statements");
    });
    const find = held.filter(({ name }) => name === "product-find");
    expect(find).toEqual(kind === "postgres" ? [{ name: "product-find", uses: "7" }] : []);
    expect(held.filter(({ name }) => name === "")).toEqual([]);
  });
});
