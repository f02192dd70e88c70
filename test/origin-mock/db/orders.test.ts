// Proves the checkout: compared with the rows themselves, every fault found, all of it or nothing, also in a crowd.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LARGEST_QUANTITY, placeOrder } from "../../../origin-mock/db/orders.ts";
import type { OrderLine, Placement } from "../../../origin-mock/db/orders.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { deleteProduct, findProduct } from "../../../origin-mock/db/products.ts";
import { DATABASES, openFilled } from "../support/databases.ts";

const NOW_MS = Date.UTC(2026, 9, 1, 12);

describe.each(DATABASES)("$kind", (database) => {
  let db: Database;
  let orders = 0;
  beforeAll(async () => {
    db = await openFilled(database);
  }, 60_000);
  afterAll(() => db.close());
  beforeEach(async () => {
    await db.query("DELETE FROM orders");
    await db.query("UPDATE products SET price_cents = id * 100, stock = 5 WHERE id <= 10");
  });

  const place = (lines: readonly OrderLine[], id = `order-${(orders += 1)}`): Promise<Placement> =>
    db.transaction((tx) => placeOrder(tx, { id, username: "alice", lines, nowMs: NOW_MS }));
  const line = (product_id: number, quantity: number, price_cents = product_id * 100): OrderLine => ({
    product_id,
    quantity,
    price_cents,
  });
  const stockOf = async (id: number): Promise<number | undefined> => (await findProduct(db, id, "en"))?.stock;

  test("an order takes the stock, counts every version, and keeps what was bought as it was", async () => {
    const before = await findProduct(db, 2, "en");
    const placement = await place([line(2, 3), line(1, 5), line(2, 1)], "o-1");
    expect(placement).toEqual({
      kind: "placed",
      total_cents: 2 * 100 * 4 + 100 * 5,
      products: [
        { id: 1, category: "kitchen", stock: 0 },
        { id: 2, category: "coffee", stock: 1 },
      ],
    });
    expect(await findProduct(db, 2, "en")).toMatchObject({ stock: 1, version: (before?.version ?? 0) + 1 });
    await db.query("UPDATE products SET name = 'Renamed', price_cents = 1 WHERE id = 2");
    await deleteProduct(db, 1);
    const rows = await db.query("SELECT * FROM order_lines WHERE order_id = 'o-1' ORDER BY line");
    expect(rows).toEqual([
      { order_id: "o-1", line: 1, product_id: 2, name: before?.name, quantity: 3, price_cents: 200 },
      { order_id: "o-1", line: 2, product_id: 1, name: expect.any(String), quantity: 5, price_cents: 100 },
      { order_id: "o-1", line: 3, product_id: 2, name: before?.name, quantity: 1, price_cents: 200 },
    ]);
  });

  test("every fault is found, and nothing is done", async () => {
    const lines = [line(3, 1), line(4, 1, 399), line(5, 6), line(999_999, 1), line(6, 3), line(6, 3, 1)];
    expect(await place(lines)).toEqual({
      kind: "refused",
      faults: [
        { kind: "price_changed", product_id: 4, offered_cents: 399, price_cents: 400 },
        { kind: "price_changed", product_id: 6, offered_cents: 1, price_cents: 600 },
        { kind: "out_of_stock", product_id: 5, wanted: 6, stock: 5 },
        { kind: "missing", product_id: 999_999 },
        { kind: "out_of_stock", product_id: 6, wanted: 6, stock: 5 },
      ],
    });
    expect(await Promise.all([3, 4, 5, 6].map(stockOf))).toEqual([5, 5, 5, 5]);
    expect(await db.query("SELECT id FROM orders")).toEqual([]);
  });

  test("more of one line than the schema takes is no order, and takes nothing", async () => {
    await db.query("UPDATE products SET stock = 5000 WHERE id = 7");
    expect(await place([line(7, LARGEST_QUANTITY)])).toMatchObject({ kind: "placed" });
    for (const quantity of [LARGEST_QUANTITY + 1, 0, -1]) {
      await expect(place([line(7, quantity)])).rejects.toMatchObject({ code: "23514" });
    }
    expect(await stockOf(7)).toBe(4_000);
  });

  test("an order whose id is taken is undone, stock and all", async () => {
    await place([line(7, 1)], "twice");
    await expect(place([line(7, 1)], "twice")).rejects.toMatchObject({ name: "UniqueViolation" });
    expect(await stockOf(7)).toBe(4);
  });

  test("of many who want the last ones, as many get them as there are", async () => {
    const placements = await Promise.all(Array.from({ length: 12 }, () => place([line(8, 1)])));
    expect(placements.filter(({ kind }) => kind === "placed")).toHaveLength(5);
    expect(await stockOf(8)).toBe(0);
  });

  test("orders of the same products in any order do not block each other for good", async () => {
    await db.query("UPDATE products SET stock = 1000 WHERE id <= 10");
    const up = [2, 3, 4, 5, 6, 7, 8, 9];
    const crowd = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? up : up.toReversed()).map((id) => line(id, 1)));
    const placements = await Promise.all(crowd.map((lines) => place(lines)));
    expect(placements.every(({ kind }) => kind === "placed")).toBe(true);
    expect(await Promise.all(up.map(stockOf))).toEqual(up.map(() => 960));
  });

  test("a price that changes while the order waits for the row is refused", async () => {
    const changed = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const change = db.transaction(async (tx) => {
      await tx.query("UPDATE products SET price_cents = 901 WHERE id = 9");
      changed.resolve();
      await mayCommit.promise;
    });
    await changed.promise;
    const placement = place([line(9, 1)]);
    mayCommit.resolve();
    await change;
    const fault = { kind: "price_changed", product_id: 9, offered_cents: 900, price_cents: 901 };
    expect(await placement).toEqual({ kind: "refused", faults: [fault] });
  });
});
