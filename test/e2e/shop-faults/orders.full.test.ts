// Proves what becomes of sign-ins, carts and orders while Redis or the database dies: one cart is one order, and none that was confirmed is lost.
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../../cli/until.ts";
import { isDocumented } from "../support/shop/aftermath.ts";
import { type Answer, ask } from "../support/shop/question.ts";
import { hasPostgres, startWorld, type World } from "../support/shop/world.ts";

const JSON_BODY = { "content-type": "application/json" };
const CUSTOMER = { ...JSON_BODY, authorization: "Bearer alice-token" };
const PRODUCTS = [121, 122, 123, 124];

let world: World;
afterEach(() => world.close());

interface Cart {
  readonly version: string;
  readonly lines: readonly { readonly id: number; readonly price_cents: number; readonly quantity: number }[];
}

const at = (): string => world.edgeUrls[0] ?? "";

/** Puts one product into an empty cart; resolves with what is sent to order it. */
async function filled(id: number): Promise<string> {
  const body = JSON.stringify({ quantity: 1 });
  await ask("customer", at(), "/api/cart", { method: "DELETE", headers: CUSTOMER });
  const answer = await ask("customer", at(), `/api/cart/lines/${String(id)}`, {
    method: "PUT",
    headers: CUSTOMER,
    body,
  });
  expect(answer.status, answer.text).toBe(200);
  const { version, lines } = JSON.parse(answer.text) as Cart;
  const agreed = lines.map(({ id: product_id, price_cents, quantity }) => ({ product_id, price_cents, quantity }));
  return JSON.stringify({ cart: version, lines: agreed });
}

const order = (body: string, fields: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  ask("customer", at(), "/api/checkout", { method: "POST", headers: { ...CUSTOMER, ...fields }, body });

async function orders(): Promise<readonly string[]> {
  const { status, text } = await ask("customer", at(), "/api/me/orders", { headers: CUSTOMER });
  expect(status, text).toBe(200);
  return (JSON.parse(text) as { readonly orders: readonly { readonly id: string }[] }).orders.map(({ id }) => id);
}

const idIn = ({ text }: Answer): string => (JSON.parse(text) as { readonly order: string }).order;

it("Redis dies: who is signed in is not signed out, and an order is placed all the same", async () => {
  world = await startWorld();
  const credentials = JSON.stringify({ username: "bob", password: "bob-password" });
  const signIn = (): Promise<Answer> =>
    ask("customer", at(), "/api/login", { method: "POST", headers: JSON_BODY, body: credentials });
  const cookie = ((await signIn()).fields.get("set-cookie") ?? "").split(";")[0] ?? "";
  const profile = (): Promise<Answer> => ask("customer", at(), "/api/me/profile", { headers: { cookie } });
  expect((await profile()).status).toBe(200);
  const cart = await filled(121);
  await world.redis.stop();
  for (const answer of [await profile(), await signIn(), await order(cart, { "idempotency-key": "k1" })]) {
    expect([answer.status, isDocumented(answer)], answer.text).toEqual([503, true]);
  }
  const placed = await order(cart);
  expect(placed.status, placed.text).toBe(201);
  expect(await orders()).toEqual([idIn(placed)]);
  await world.redis.start();
  // Redis has forgotten everything: the sign-in, the cart, and that the order was placed; the database has not
  await until("Redis is asked again", async () => (await signIn()).status === 200);
  expect((await profile()).status).toBe(401);
  const again = await order(cart);
  expect([again.status, idIn(again)]).toEqual([409, idIn(placed)]);
  // and a new cart is no old one
  const next = await order(await filled(121));
  expect(next.status, next.text).toBe(201);
  expect(new Set(await orders())).toEqual(new Set([idIn(placed), idIn(next)]));
});

describe.skipIf(!hasPostgres)("Postgres", () => {
  it("is killed again and again while orders are placed: each cart is one order, told or not", async () => {
    world = await startWorld();
    const { postgres } = world;
    if (postgres === undefined) throw new Error("the world has no Postgres");
    const told: string[] = [];
    for (const id of PRODUCTS) {
      const cart = await filled(id);
      const racing = order(cart);
      await postgres.kill();
      const first = await racing;
      expect(first.status === 201 || isDocumented(first), first.text).toBe(true);
      await postgres.start();
      const last = await until("it is known", async () => {
        const answer = await order(cart);
        return !isDocumented(answer) && answer;
      });
      expect(last.status, last.text).toBe(first.status === 201 ? 409 : last.status);
      expect([201, 409]).toContain(last.status);
      told.push(idIn(last));
    }
    expect(new Set(told).size).toBe(PRODUCTS.length);
    expect(new Set(await orders())).toEqual(new Set(told));
  });
});
