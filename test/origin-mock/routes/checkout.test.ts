// Proves the checkout: at the price that was shown or not at all, once, and against what other people buy at the same time.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cacheKey } from "../../../origin-mock/cache/key.ts";
import { DATABASES } from "../support/databases.ts";
import { ADMIN, json, openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

const of = (name: string) => ({ Authorization: `Bearer ${name}-token`, "Content-Type": "application/json" });
const ALICE = of("alice");
type Shown = {
  readonly version: string;
  readonly lines: readonly { id: number; quantity: number; price_cents: number }[];
};

describe.each(DATABASES)("$kind", (database) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await openTestShop(database);
  }, 60_000);
  afterAll(() => shop.close());
  beforeEach(async () => {
    await shop.request("/api/cart", { method: "DELETE", headers: ALICE });
  });

  const send = (method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Response> =>
    shop.request(path, { method, headers, body: JSON.stringify(body) });
  const change = (id: number, changes: object): Promise<Response> => send("PUT", `/api/products/${id}`, changes, ADMIN);
  const fill = async (
    headers: Record<string, string>,
    ...lines: readonly (readonly [id: number, quantity: number])[]
  ) => {
    for (const [id, quantity] of lines) await send("PUT", `/api/cart/lines/${id}`, { quantity }, headers);
    return shownTo(headers);
  };
  const shownTo = async (headers: Record<string, string>): Promise<Shown> => {
    const response = await shop.request("/api/cart", { headers });
    const cart: Shown = JSON.parse(await response.text());
    return cart;
  };
  /** The page's request: the cart as it was shown. */
  const order = ({ version, lines }: Shown, headers: Record<string, string> = ALICE): Promise<Response> => {
    const agreed = lines.map(({ id, quantity, price_cents }) => ({ product_id: id, quantity, price_cents }));
    return send("POST", "/api/checkout", { cart: version, lines: agreed }, headers);
  };
  const rowOf = async (id: number): Promise<Record<string, unknown>> =>
    (await shop.db.query("SELECT stock, version FROM products WHERE id = $1", [id]))[0] ?? {};
  const countOrders = async (): Promise<number> => (await shop.db.query("SELECT id FROM orders")).length;

  test("an order takes the stock, empties the cart, and is in the history as it was", async () => {
    await change(1, { stock: 10, price_cents: 1_000, name: "First Bowl" });
    await change(2, { stock: 10, price_cents: 250 });
    const cart = await fill(ALICE, [1, 3], [2, 4]);
    const response = await order(cart);
    expect([response.status, response.headers.get("cache-control")]).toEqual([201, "no-store"]);
    const placed = await json(response);
    expect(placed).toEqual({ order: expect.stringMatching(/^[\w-]{22}$/), total_cents: 4_000 });
    expect([(await rowOf(1))["stock"], (await rowOf(2))["stock"]]).toEqual([7, 6]);
    expect((await shownTo(ALICE)).lines).toEqual([]);
    await change(1, { price_cents: 9_999, name: "Another Bowl" });
    const history = await json(await shop.request("/api/me/orders", { headers: ALICE }));
    expect(history["orders"]).toContainEqual(
      expect.objectContaining({
        id: placed["order"],
        total_cents: 4_000,
        lines: expect.arrayContaining([
          { product_id: 1, name: "First Bowl", quantity: 3, price_cents: 1_000 },
          expect.objectContaining({ product_id: 2, quantity: 4, price_cents: 250 }),
        ]),
      }),
    );
    expect(await json(await shop.request("/api/me/orders", { headers: of("bob") }))).toEqual({ orders: [] });
  });

  test("a price that changed between is refused with both prices, and ordered when it has been shown", async () => {
    await change(3, { stock: 10, price_cents: 1_000 });
    const cart = await fill(ALICE, [3, 2]);
    await change(3, { price_cents: 1_200 });
    const before = await countOrders();
    const response = await order(cart);
    expect([response.status, response.headers.get("content-type")]).toEqual([409, "application/problem+json"]);
    expect(await json(response)).toMatchObject({
      detail: "nothing has been ordered: product 3 costs 1200 cents, not 1000",
      faults: [{ kind: "price_changed", product_id: 3, offered_cents: 1_000, price_cents: 1_200 }],
    });
    expect([(await rowOf(3))["stock"], await countOrders()]).toEqual([10, before]);
    const again = await shownTo(ALICE);
    expect(again.lines).toMatchObject([{ id: 3, quantity: 2, price_cents: 1_200 }]);
    expect((await order(again)).status).toBe(201);
  });

  test("so is one that fell: what was agreed is what is charged", async () => {
    await change(3, { stock: 10, price_cents: 1_000 });
    const cart = await fill(ALICE, [3, 1]);
    await change(3, { price_cents: 900 });
    expect(await json(await order(cart))).toMatchObject({ faults: [{ offered_cents: 1_000, price_cents: 900 }] });
  });

  test("a price that changed behind the shop's back is refused too, and the cart is right afterwards", async () => {
    await change(4, { stock: 10, price_cents: 1_000 });
    const cart = await fill(ALICE, [4, 1]);
    await shop.db.query("UPDATE products SET price_cents = 1100 WHERE id = 4");
    expect((await order(cart)).status).toBe(409);
    expect((await shownTo(ALICE)).lines).toMatchObject([{ price_cents: 1_100 }]);
  });

  test("all that is wrong is told at once", async () => {
    await change(5, { stock: 1, price_cents: 500 });
    await change(6, { stock: 9, price_cents: 600 });
    const cart = await fill(ALICE, [5, 2], [6, 1]);
    await change(6, { price_cents: 700 });
    const gone = { id: 999_999, quantity: 1, price_cents: 1 };
    const response = await order({ ...cart, lines: [...cart.lines, gone] });
    expect((await json(response))["faults"]).toEqual(
      expect.arrayContaining([
        { kind: "price_changed", product_id: 6, offered_cents: 600, price_cents: 700 },
        { kind: "out_of_stock", product_id: 5, wanted: 2, stock: 1 },
        { kind: "missing", product_id: 999_999 },
      ]),
    );
  });

  test("of many who want the last one, one gets it", async () => {
    await change(11, { stock: 1, price_cents: 100 });
    const buyers = [ALICE, of("bob")];
    const carts = await Promise.all(buyers.map((headers) => fill(headers, [11, 1])));
    const answers = await Promise.all(carts.map((cart, index) => order(cart, buyers[index])));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    expect(await rowOf(11)).toMatchObject({ stock: 0 });
  });

  test("a button that is pressed five times makes one order", async () => {
    await change(12, { stock: 10, price_cents: 100 });
    const cart = await fill(ALICE, [12, 1]);
    const answers = await Promise.all(Array.from({ length: 5 }, () => order(cart)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409]);
    expect(await rowOf(12)).toMatchObject({ stock: 9 });
    const bodies = await Promise.all(answers.map(json));
    // A late request gets the number of the order.
    expect(new Set(bodies.map((body) => body["order"])).size).toBe(1);
    // The same things again are another cart, and another order.
    expect((await order(await fill(ALICE, [12, 1]))).status).toBe(201);
  });

  test("what was ordered is not said to be refused, though it took the last ones and costs more by now", async () => {
    await change(19, { stock: 2, price_cents: 100 });
    const cart = await fill(ALICE, [19, 2]);
    const answers = await Promise.all([order(cart), order(cart), order(cart)]);
    await change(19, { price_cents: 300 });
    const late = [...answers, await order(cart)];
    expect(late.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
    const bodies = await Promise.all(late.map(json));
    expect(new Set(bodies.map((body) => body["order"])).size).toBe(1);
    expect(bodies.filter((body) => "faults" in body)).toEqual([]);
  });

  test("who orders again after a crash finds the cart empty: it was this order", async () => {
    await change(20, { stock: 9, price_cents: 100 });
    const cart = await fill(ALICE, [20, 1]);
    expect((await order(cart)).status).toBe(201);
    // As if the shop had died before it emptied the cart.
    const key = cacheKey({ entity: "cart", id: "user-alice" });
    const fields = ["version", cart.version, "line:20", "1"];
    await shop.redis.eval("redis.call('DEL', KEYS[1]) redis.call('HSET', KEYS[1], unpack(ARGV))", [key], fields);
    expect((await order(cart)).status).toBe(409);
    expect((await shownTo(ALICE)).lines).toEqual([]);
  });

  test("the same version of the cart is another order for somebody else", async () => {
    await change(13, { stock: 10, price_cents: 100 });
    const shown = { version: "same", lines: [{ id: 13, quantity: 1, price_cents: 100 }] };
    expect((await order(shown)).status).toBe(201);
    expect((await order(shown, of("bob"))).status).toBe(201);
    expect((await order(shown)).status).toBe(409);
  });

  test("with an Idempotency-Key the first answer is the answer", async () => {
    await change(14, { stock: 10, price_cents: 100 });
    const cart = await fill(ALICE, [14, 1]);
    const headers = { ...ALICE, "Idempotency-Key": '"k1"' };
    const [first, second] = [await order(cart, headers), await order(cart, headers)];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await json(second)).toEqual(await json(first));
    expect(await rowOf(14)).toMatchObject({ stock: 9 });
  });

  test("what another tab put into the cart meanwhile stays there", async () => {
    await change(15, { stock: 10, price_cents: 100 });
    const cart = await fill(ALICE, [15, 1]);
    await fill(ALICE, [16, 2]);
    expect((await order(cart)).status).toBe(201);
    expect((await shownTo(ALICE)).lines).toMatchObject([{ id: 16, quantity: 2 }]);
  });

  test("stock that was sold is an event, recorded with the order; a refused order is none", async () => {
    await change(17, { stock: 3, price_cents: 100 });
    await shop.handleEvents();
    shop.edge.purges.length = 0;
    const waiting = async (): Promise<unknown[]> =>
      (await shop.db.query("SELECT event FROM outbox WHERE handled_at IS NULL ORDER BY id")).map(({ event }) => event);
    await shop.request("/api/products/17", { headers: { Range: "bytes=0-" } });
    expect((await order({ version: "no", lines: [{ id: 17, quantity: 4, price_cents: 100 }] })).status).toBe(409);
    expect(await waiting()).toEqual([]);
    expect((await order({ version: "yes", lines: [{ id: 17, quantity: 2, price_cents: 100 }] })).status).toBe(201);
    expect(await waiting()).toEqual([{ type: "inventory.updated", id: 17, categories: [expect.any(String)] }]);
    // The application's cache is clean before the answer; the edge hears nothing of stock.
    const after = await shop.request("/api/products/17", { headers: { Range: "bytes=0-" } });
    expect([after.headers.get("x-cache-app"), (await json(after))["stock"]]).toEqual(["MISS", 1]);
    await shop.handleEvents();
    expect(shop.edge.purges).toEqual([]);
  });

  test("strangers, empty carts and nonsense are refused", async () => {
    const nobody = await order({ version: "v", lines: [] }, { "Content-Type": "application/json" });
    expect([nobody.status, nobody.headers.get("vary")]).toEqual([401, "Authorization, Cookie"]);
    expect((await order(await shownTo(ALICE))).status).toBe(409);
    expect((await send("POST", "/api/checkout", { lines: 1 }, ALICE)).status).toBe(400);
    expect((await send("POST", "/api/checkout", {}, { ...ALICE, "Content-Type": "text/plain" })).status).toBe(415);
    const wrong = await shop.request("/api/checkout", { headers: ALICE });
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
  });

  // The last two break the shop, in this order.
  test("without Redis an order is placed all the same", async () => {
    await change(18, { stock: 5, price_cents: 100 });
    const cart = await fill(ALICE, [18, 1]);
    await shop.server.stop();
    expect((await order(cart)).status).toBe(201);
    expect(await rowOf(18)).toMatchObject({ stock: 4 });
    // Its cart could not be emptied, and is not ordered again for that.
    expect((await order(cart)).status).toBe(409);
    expect(await rowOf(18)).toMatchObject({ stock: 4 });
  });

  test("without the database nothing is", async () => {
    await shop.db.close();
    const response = await order({ version: "late", lines: [{ id: 18, quantity: 1, price_cents: 100 }] });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
  });
});
