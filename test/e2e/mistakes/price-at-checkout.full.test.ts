// Owns the proof that nobody is charged another price than the one they were shown, however old what they were shown is.
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { ask, type Seen } from "../support/asking.ts";
import type { Mistake } from "../support/shop-mistakes.ts";
import { bearer, changePrice, jsonOf, priceAt } from "../support/shop-people.ts";
import { type ShopWorld, startShopWorld } from "../support/shop-world.ts";

const NEW_CENTS = 7_654_321;
const ALICE = { ...bearer("alice"), "content-type": "application/json" };
let world: ShopWorld;
let edge = "";
let id = 100;

beforeAll(async () => {
  world = await startShopWorld();
  [edge = ""] = world.edges;
});
afterAll(() => world.close());
beforeEach(() => {
  id += 1;
});

/** The checkout reads the prices itself, and does not ask whether they are the ones that were agreed to. */
const chargingWhatItCosts: Mistake = {
  async entering(request) {
    if (!request.url.endsWith("/api/checkout")) return request;
    const [row] = await world.db.query("SELECT price_cents FROM products WHERE id = $1", [id]);
    const content = (await request.text()).replaceAll(
      /"price_cents":\d+/g,
      `"price_cents":${String(row?.["price_cents"])}`,
    );
    return new Request(request.url, { method: request.method, headers: request.headers, body: content });
  },
};

/** The price rises while the page that alice looks at is still at the edge; she orders at the price she sees. */
async function orderWhatIsShown(): Promise<{
  readonly shown: number;
  readonly order: (cents: unknown) => Promise<Seen>;
}> {
  await priceAt(edge, id);
  const holding = world.gate.hold();
  const event = await changePrice(world.originUrl, id, NEW_CENTS);
  const shown = Number(await priceAt(edge, id));
  holding.release();
  await world.handled(event);
  await ask(`${edge}/api/cart`, { method: "DELETE", headers: ALICE });
  const line = `${edge}/api/cart/lines/${id}`;
  const cart = jsonOf(await ask(line, { method: "PUT", headers: ALICE }, JSON.stringify({ quantity: 1 })))["version"];
  const order = (price_cents: unknown): Promise<Seen> => {
    const content = JSON.stringify({ cart, lines: [{ product_id: id, quantity: 1, price_cents }] });
    return ask(`${edge}/api/checkout`, { method: "POST", headers: ALICE }, content);
  };
  return { shown, order };
}

it("a checkout that charges what it costs: the customer pays what she was not shown", async () => {
  await world.serve({ mistake: chargingWhatItCosts });
  const { shown, order } = await orderWhatIsShown();
  const ordered = await order(shown);
  expect([ordered.status, jsonOf(ordered)["total_cents"]]).toEqual([201, NEW_CENTS]);
  expect(shown).not.toBe(NEW_CENTS);
});

it("as the shop is: the order is refused with the price of now, and goes through once that was agreed to", async () => {
  await world.serve();
  const { shown, order } = await orderWhatIsShown();
  const refused = await order(shown);
  const fault = { kind: "price_changed", product_id: id, offered_cents: shown, price_cents: NEW_CENTS };
  expect([refused.status, jsonOf(refused)["faults"]]).toEqual([409, [fault]]);
  const ordered = await order(NEW_CENTS);
  expect([ordered.status, jsonOf(ordered)["total_cents"]]).toEqual([201, NEW_CENTS]);
});
