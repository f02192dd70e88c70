// Owns the proof that two releases over one Redis never take each other's values for their own, and of what they do without versions.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Database, Queryable } from "../../../origin-mock/db/port.ts";
import { productAddress } from "../../../origin-mock/invalidation/names.ts";
import { ask } from "../support/asking.ts";
import { changePrice, jsonOf, priceAt } from "../support/shop-people.ts";
import { type Instance, type ShopWorld, startShopWorld, type Variant } from "../support/shop-world.ts";

let world: ShopWorld;
let here = "";
let elsewhere = "";
let id = 100;

beforeAll(async () => {
  world = await startShopWorld({}, {});
  [here = "", elsewhere = ""] = world.edges;
  await world.serve();
});
afterAll(() => world.close());
beforeEach(() => {
  id += 1;
});

/** The new release counts in tenths of a cent: the same shape with another meaning, which no parser can tell. */
function inTenths(db: Database): Database {
  const read = ({ query }: Queryable): Queryable["query"] =>
    async function queryInTenths(sql, params) {
      const rows = await query(sql, params);
      return rows.map((row) => ("price_cents" in row ? { ...row, price_cents: Number(row["price_cents"]) * 10 } : row));
    };
  return { ...db, query: read(db) };
}

type Names = NonNullable<Variant["names"]>;
const OLD: Names = { application: 1, gateway: 1 };
const NEW: Names = { application: 2, gateway: 2 };

const release = (names: Names, isNew: boolean): Instance =>
  world.open({ names, ...(isNew ? { reading: inTenths } : {}) });

describe.each<readonly [string, readonly [boolean, boolean]]>([
  ["a new release after the old one", [false, true]],
  ["an old release after the new one, which is rolled back", [true, false]],
])("%s", (_, [firstIsNew, secondIsNew]) => {
  it.each<readonly [what: string, second: Names, isRight: boolean]>([
    ["with names of their own: each says its own number", NEW, true],
    ["without a version at the application's cache: it says the other's", { ...NEW, application: 1 }, false],
    ["without a version at the gateway: it says the other's", { ...NEW, gateway: 1 }, false],
  ])("%s", async (__, second, isRight) => {
    const factorOf = (isNew: boolean): number => (isNew ? 10 : 1);
    const [row] = await world.db.query("SELECT price_cents FROM products WHERE id = $1", [id]);
    const cents = Number(row?.["price_cents"]);
    world.stand(release(OLD, firstIsNew));
    expect(await priceAt(here, id)).toBe(cents * factorOf(firstIsNew));
    world.stand(release(second, secondIsNew));
    expect(await priceAt(elsewhere, id)).toBe(cents * factorOf(isRight ? secondIsNew : firstIsNew));
  });
});

it("a change through one release is seen through the other", async () => {
  const [old, renewed] = [release(OLD, false), release(NEW, true)];
  world.stand(renewed);
  await priceAt(here, id);
  world.stand(old);
  await priceAt(world.originUrl, id);
  await world.handled(await changePrice(world.originUrl, id, 777));
  expect(await priceAt(world.originUrl, id)).toBe(777);
  world.stand(renewed);
  expect(await priceAt(here, id)).toBe(7770);
});

describe("a value of another shape under the same key", () => {
  const priced = { price: { amount: "12.00", currency: "EUR" } };
  const SHAPES: readonly unknown[] = [priced, { id: 1, price_cents: "1200" }, [], "1200", 1200, null];
  const parsePriced = (value: unknown) => (JSON.stringify(value) === JSON.stringify(priced) ? priced : undefined);

  it.each(SHAPES.map((shape) => [JSON.stringify(shape), shape] as const))(
    "%s is no product: it is read again from the database",
    async (_, shape) => {
      const instance = release(OLD, false);
      world.stand(instance);
      const address = productAddress(id);
      const written = { address, variant: "en", ttlMs: 60_000, parse: (value: unknown): unknown => value };
      await instance.cache.read({ ...written, load: async () => shape });
      const found = await instance.cache.read({ ...written, load: async () => "nothing was written" });
      expect(found.value).toEqual(shape);
      const seen = await ask(`${here}/api/products/${id}`);
      expect([seen.status, jsonOf(seen)["id"]]).toEqual([200, id]);
    },
  );

  it("which an old release wrote is read again by a new one", async () => {
    const instance = release(OLD, false);
    world.stand(instance);
    await priceAt(here, id);
    const address = productAddress(id);
    const load = async () => priced;
    const reading = await instance.cache.read({ address, variant: "en", ttlMs: 60_000, parse: parsePriced, load });
    expect(reading.value).toEqual(priced);
  });
});
