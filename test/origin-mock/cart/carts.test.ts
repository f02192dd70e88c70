// Proves carts against a real Redis: atomic changes, bounds, versions, sliding expiry, merging, and unreadable carts.
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CART_IDLE_MS, createCarts, MOST_LINES, MOST_QUANTITY } from "../../../origin-mock/cart/carts.ts";
import type { CartChange, CartLine, CartOwner, Carts } from "../../../origin-mock/cart/carts.ts";
import { cacheKey } from "../../../origin-mock/cache/key.ts";
import { openRedisRoom } from "../support/redis-room.ts";
import type { RedisRoom } from "../support/redis-room.ts";

let room: RedisRoom;
let carts: Carts;
beforeAll(async () => {
  room = await openRedisRoom();
  carts = createCarts(room.redis);
});
afterAll(() => room.close());
beforeEach(async () => {
  await room.command("FLUSHALL");
});

const ALICE = { kind: "user", username: "alice" } as const;
const GUEST = { kind: "guest", id: "guest-id" } as const;
const KEY = cacheKey({ entity: "cart", id: "user-alice" });
const add = (productId: number, quantity = 1): CartChange => ({ kind: "add", productId, quantity });
const linesOf = async (owner: CartOwner): Promise<Readonly<Record<number, number>>> =>
  Object.fromEntries((await carts.read(owner)).lines.map(({ product_id, quantity }) => [product_id, quantity]));
const fill = async (owner: CartOwner, from: number, count: number, quantity = 1): Promise<void> => {
  for (let id = from; id < from + count; id += 1) await carts.change(owner, add(id, quantity));
};

test("lines are added, set, removed and cleared", async () => {
  expect(await carts.read(ALICE)).toEqual({ version: "0", lines: [] });
  await carts.change(ALICE, add(7, 2));
  await carts.change(ALICE, add(7));
  expect(await carts.change(ALICE, add(3))).toMatchObject({
    status: "done",
    cart: {
      lines: [
        { product_id: 3, quantity: 1 },
        { product_id: 7, quantity: 3 },
      ],
    },
  });
  await carts.change(ALICE, { kind: "set", productId: 7, quantity: 9 });
  await carts.change(ALICE, { kind: "set", productId: 3, quantity: 0 });
  await carts.change(ALICE, { kind: "remove", productId: 4 });
  expect(await linesOf(ALICE)).toEqual({ 7: 9 });
  await carts.change(ALICE, { kind: "remove", productId: 7 });
  expect(await linesOf(ALICE)).toEqual({});
  await fill(ALICE, 1, 3);
  await carts.change(ALICE, { kind: "clear" });
  expect(await linesOf(ALICE)).toEqual({});
});

test("a hundred concurrent additions lose none", async () => {
  const others = await Promise.all([room.another(), room.another()]);
  const writers = [carts, ...others.map((redis) => createCarts(redis))];
  await Promise.all(Array.from({ length: 90 }, (_, index) => writers[index % 3]?.change(ALICE, add(1 + (index % 2)))));
  expect(await linesOf(ALICE)).toEqual({ 1: 45, 2: 45 });
});

test("a model: any changes leave what a map with the same bounds has", async () => {
  const productId = fc.integer({ min: 1, max: 60 });
  const change: fc.Arbitrary<CartChange> = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), productId, quantity: fc.integer({ min: 1, max: 99 }) }),
    fc.record({ kind: fc.constant("set" as const), productId, quantity: fc.integer({ min: 0, max: 99 }) }),
    fc.record({ kind: fc.constant("remove" as const), productId }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 40, maxLength: 120 }), async (changes) => {
      await room.command("FLUSHALL");
      const model = new Map<number, number>();
      for (const one of changes) {
        const { status } = await carts.change(ALICE, one);
        const before = one.kind === "clear" ? undefined : model.get(one.productId);
        const after = one.kind === "add" ? (before ?? 0) + one.quantity : one.kind === "set" ? one.quantity : 0;
        const refused = after > MOST_QUANTITY || (after > 0 && before === undefined && model.size >= MOST_LINES);
        expect(status).toBe(refused ? "refused" : "done");
        if (refused) continue;
        if (one.kind === "clear") model.clear();
        else if (after > 0) model.set(one.productId, after);
        else model.delete(one.productId);
      }
      expect(await linesOf(ALICE)).toEqual(Object.fromEntries(model));
    }),
    { numRuns: 20 },
  );
});

describe("bounds", () => {
  test("fifty lines, and more of those that are there", async () => {
    await fill(ALICE, 1, MOST_LINES);
    expect(await carts.change(ALICE, add(1_000))).toMatchObject({ status: "refused", reason: "too-many-lines" });
    expect(await carts.change(ALICE, { kind: "set", productId: 1_000, quantity: 1 })).toMatchObject({
      status: "refused",
    });
    expect(await carts.change(ALICE, add(1))).toMatchObject({ status: "done" });
    expect((await carts.read(ALICE)).lines).toHaveLength(MOST_LINES);
  });

  test("ninety-nine of a product: more is refused, and changes nothing", async () => {
    await carts.change(ALICE, add(7, 98));
    const before = await carts.read(ALICE);
    expect(await carts.change(ALICE, add(7, 2))).toEqual({ status: "refused", reason: "quantity", cart: before });
    expect(await carts.read(ALICE)).toEqual(before);
  });

  test.each([
    [add(0), "product-id"],
    [add(1.5), "product-id"],
    [add(2 ** 31), "product-id"],
    [{ kind: "remove", productId: NaN }, "product-id"],
    [add(1, 0), "quantity"],
    [add(1, 100), "quantity"],
    [add(1, -1), "quantity"],
    [add(1, 0.5), "quantity"],
    [{ kind: "set", productId: 1, quantity: -1 }, "quantity"],
    [{ kind: "set", productId: 1, quantity: Infinity }, "quantity"],
  ] as const satisfies readonly (readonly [CartChange, string])[])(
    "%j is refused for its %s",
    async (change, reason) => {
      expect(await carts.change(ALICE, change)).toMatchObject({ status: "refused", reason, cart: { lines: [] } });
      expect(await room.command("DBSIZE")).toBe(0);
    },
  );
});

describe("versions", () => {
  test("a change of a version that is gone is a conflict, and changes nothing", async () => {
    const first = await carts.change(ALICE, add(7), "0");
    expect(first.status).toBe("done");
    const second = await carts.change(ALICE, add(7), first.cart.version);
    expect(await carts.change(ALICE, add(7), first.cart.version)).toEqual({ status: "conflict", cart: second.cart });
    expect(await carts.change(ALICE, add(7), "0")).toMatchObject({ status: "conflict" });
    expect(await carts.change(ALICE, add(7), "")).toMatchObject({ status: "conflict" });
    expect(await linesOf(ALICE)).toEqual({ 7: 2 });
  });

  test("of many who expect one version, one changes it", async () => {
    const { cart } = await carts.change(ALICE, add(7));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => carts.change(ALICE, add(7), cart.version)));
    expect(outcomes.filter(({ status }) => status === "done")).toHaveLength(1);
  });

  test("a cart that was lost and made anew never has an old version", async () => {
    const { cart } = await carts.change(ALICE, add(7));
    await room.command("FLUSHALL");
    await carts.change(ALICE, add(7));
    expect(await carts.change(ALICE, add(7), cart.version)).toMatchObject({ status: "conflict" });
  });

  test("reading changes none", async () => {
    const { cart } = await carts.change(ALICE, add(7));
    expect(await carts.read(ALICE)).toEqual(cart);
    expect(await carts.read(ALICE)).toEqual(cart);
  });
});

test.each([
  ["reading", () => carts.read(ALICE)],
  ["changing", () => carts.change(ALICE, add(8))],
])("%s lets a cart live another seven days", async (_, use) => {
  await carts.change(ALICE, add(7));
  await room.command("PEXPIRE", KEY, "5000");
  await use();
  expect(Number(await room.command("PTTL", KEY))).toBeGreaterThan(CART_IDLE_MS - 10_000);
});

test("owners are apart, and a guest's id is not in Redis", async () => {
  await carts.change(GUEST, add(1));
  await carts.change({ kind: "guest", id: "alice" }, add(2));
  await carts.change({ kind: "user", username: "guest-id" }, add(3));
  expect(await linesOf(GUEST)).toEqual({ 1: 1 });
  expect(await linesOf(ALICE)).toEqual({});
  const keys = (await room.command("KEYS", "*")) as readonly string[];
  expect(keys.filter((key) => key.startsWith("shop:-:cart:guest-") && key.includes("guest-id"))).toEqual([]);
  expect(carts.newGuestId()).toMatch(/^[\w-]{43}$/);
});

describe("signing in", () => {
  test("moves the guest's lines, once", async () => {
    await carts.change(ALICE, add(1, 2));
    await carts.change(GUEST, add(1, 3));
    await carts.change(GUEST, add(2));
    const merged = await carts.merge(GUEST.id, "alice");
    expect(merged.lines).toEqual([
      { product_id: 1, quantity: 5 },
      { product_id: 2, quantity: 1 },
    ]);
    expect(await carts.read(GUEST)).toEqual({ version: "0", lines: [] });
    expect(await carts.merge(GUEST.id, "alice")).toEqual(merged);
  });

  test("of a guest without a cart changes nothing", async () => {
    const { cart } = await carts.change(ALICE, add(1));
    expect(await carts.merge("made-up", "alice")).toEqual(cart);
  });

  test("keeps the bounds: the person's own lines first", async () => {
    await fill(ALICE, 1, 49, 98);
    await fill(GUEST, 49, 10, 5);
    const { lines } = await carts.merge(GUEST.id, "alice");
    const of = (id: number): CartLine | undefined => lines.find(({ product_id }) => product_id === id);
    expect(lines).toHaveLength(MOST_LINES);
    expect([of(48)?.quantity, of(49)?.quantity, of(50)?.quantity, of(51)]).toEqual([98, 99, 5, undefined]);
  });

  test("twice at the same time moves the lines once", async () => {
    await carts.change(GUEST, add(1, 3));
    await Promise.all([carts.merge(GUEST.id, "alice"), createCarts(await room.another()).merge(GUEST.id, "alice")]);
    expect(await linesOf(ALICE)).toEqual({ 1: 3 });
  });
});

describe("a cart that cannot be read", () => {
  test.each([
    ["SET", "{"],
    ["RPUSH", "line:1"],
    ["SADD", "line:1"],
    ["HSET", "line:1", "many"],
    ["HSET", "line:0", "1"],
    ["HSET", "line:1", "100"],
    ["HSET", "line:-1", "1"],
    ["HSET", "line:01", "1"],
    ["HSET", "line:1e3", "1"],
    ["HSET", "version", ""],
  ])("%s %s is empty, and usable", async (command, ...words) => {
    await room.command(command, KEY, ...words);
    expect((await carts.read(ALICE)).lines).toEqual([]);
    await room.command("DEL", KEY);
    await room.command(command, KEY, ...words);
    expect(await carts.change(ALICE, add(7))).toMatchObject({ status: "done" });
    expect(await linesOf(ALICE)).toEqual({ 7: 1 });
    await room.command("DEL", KEY);
    await room.command(command, KEY, ...words);
    await carts.change(GUEST, add(8));
    expect((await carts.merge(GUEST.id, "alice")).lines).toEqual([{ product_id: 8, quantity: 1 }]);
  });

  test("arbitrary fields never crash, and leave with the next change", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("line:1", "line:", "version", "1", "99", "100"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, text), { minLength: 1 }), async (fields) => {
        await room.command("FLUSHALL");
        await room.command("HSET", KEY, ...fields.flat());
        await carts.read(ALICE);
        const { cart } = await carts.change(ALICE, { kind: "set", productId: 7, quantity: 1 });
        expect(cart.lines.every(({ product_id, quantity }) => product_id > 0 && quantity > 0 && quantity <= 99)).toBe(
          true,
        );
        expect(await room.command("HLEN", KEY)).toBe(cart.lines.length + 1);
      }),
      { numRuns: 150 },
    );
  });
});

test("without Redis nothing is answered", async () => {
  const hasty = createCarts(room.hasty);
  await room.server.stop();
  for (const asked of [hasty.read(ALICE), hasty.change(ALICE, add(1)), hasty.merge("x", "alice")]) {
    await expect(asked).rejects.toMatchObject({ name: "RedisUnavailable" });
  }
  await room.restart();
});
