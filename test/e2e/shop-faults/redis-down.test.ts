// Proves what people see when Redis dies while they read, shop and change prices, and comes back with nothing in its memory.
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../cli/until.ts";
import { backlog, expectAll, expectDecent, expectNothingLost } from "../support/shop/aftermath.ts";
import { createPriceLedger } from "../support/shop/price-ledger.ts";
import { type Answer, ask } from "../support/shop/question.ts";
import { startTraffic } from "../support/shop/traffic.ts";
import { ADMIN, startWorld, type World } from "../support/shop/world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const isOk = ({ status }: Answer): boolean => status === 200;

it("Redis is killed and comes back empty: nobody reads an error, updates stand, carts wait", async () => {
  const traffic = await startTraffic(world, { changing: [11, 12, 13], calm: [15, 16] });
  await traffic.rounds(3);
  const begunAt = traffic.answers.length;
  await world.redis.stop();
  await traffic.rounds(10);
  const during = traffic.answers.slice(begunAt);
  await world.redis.start();
  await traffic.rounds(5);
  await traffic.stop();

  expectDecent(traffic.answers, 2_000);
  expectAll(
    traffic.answers.filter(({ who }) => who !== "customer"),
    isOk,
  );
  const carts = during.filter(({ what }) => what.includes("/api/cart"));
  expect(carts.map(({ status }) => status)).toContain(503);
  expectAll(
    during.filter(({ what }) => what === "GET /api/me/profile"),
    isOk,
  );
  await expectNothingLost(world, traffic.prices);
  expect(traffic.prices.setbacks).toEqual([]);
});

it("Redis is killed with events in its stream that nobody has handled: the next stream is given them", async () => {
  const [edge = ""] = world.edgeUrls;
  const prices = createPriceLedger();
  const update = async (id: number): Promise<void> => {
    const price = prices.next(id);
    const body = JSON.stringify({ price_cents: price });
    const request = { method: "PUT", headers: ADMIN, body };
    expect((await ask("administrator", edge, `/api/products/${String(id)}`, request)).status).toBe(200);
    prices.acknowledged(id, price);
  };
  world.purgeWire.stick("all");
  for (const id of [17, 18]) {
    await ask("visitor", edge, `/api/products/${String(id)}`);
    await update(id);
  }
  await until("the stream has them", async () => (await backlog(world))?.published === 2);
  await world.redis.stop();
  await world.redis.start();
  world.purgeWire.open();
  await expectNothingLost(world, prices);
});
