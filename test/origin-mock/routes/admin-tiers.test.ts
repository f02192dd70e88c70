// Proves the look into the tiers: each is told apart, in the reader's language, and looking changes nothing.
import { afterAll, beforeAll, expect, test } from "vitest";
import { DATABASES } from "../support/databases.ts";
import { ADMIN, json, openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

let shop: TestShop;
beforeAll(async () => {
  const [database] = DATABASES;
  if (database === undefined) throw new Error("there is no database");
  shop = await openTestShop(database);
});
afterAll(() => shop.close());

const look = async (id: number, language = "en") =>
  json(await shop.request(`/api/admin/tiers/products/${id}`, { headers: { ...ADMIN, "Accept-Language": language } }));

test("a product nobody read is in the database alone, also after looking", async () => {
  for (let times = 0; times < 2; times++) {
    expect(await look(31)).toEqual({
      gateway: null,
      application: null,
      database: expect.objectContaining({ version: 1 }),
    });
  }
});

test("one that was read is in all of them, in the language it was read in", async () => {
  const { price_cents } = await json(await shop.request("/api/products/32", { headers: { "Accept-Language": "de" } }));
  const held = expect.objectContaining({ version: 1, price_cents });
  expect(await look(32, "de")).toEqual({ gateway: held, application: held, database: held });
  expect(await look(32, "fr")).toMatchObject({ gateway: null, application: null });
});

test("a change empties the caches at once", async () => {
  await shop.request("/api/products/33");
  await shop.request("/api/products/33", { method: "PUT", headers: ADMIN, body: JSON.stringify({ price_cents: 77 }) });
  expect(await look(33)).toEqual({
    gateway: null,
    application: null,
    database: expect.objectContaining({ version: 2, price_cents: 77 }),
  });
});

test("a product that is not there is nowhere; an id that is none is named", async () => {
  expect(await look(999_999)).toEqual({ gateway: null, application: null, database: null });
  const wrong = await shop.request("/api/admin/tiers/products/x", { headers: ADMIN });
  expect([wrong.status, await json(wrong)]).toMatchObject([400, { errors: [{ in: "path", at: "id" }] }]);
});

test.each([
  ["a stranger", {}, 401],
  ["a customer", { Authorization: "Bearer alice-token" }, 403],
])("%s may not look", async (_, headers, status) => {
  const response = await shop.request("/api/admin/tiers/products/31", { headers });
  expect([response.status, response.headers.get("cache-control")]).toEqual([status, "no-store"]);
});
