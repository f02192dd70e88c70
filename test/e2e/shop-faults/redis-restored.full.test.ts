// Proves that a Redis that comes back with an older memory, or with all of it, is believed only what is still true.
import { afterEach, expect, it } from "vitest";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import { until } from "../../cli/until.ts";
import { backlog, drained, expectAll, expectDecent, expectNothingLost } from "../support/shop/aftermath.ts";
import { createPriceLedger, priceIn } from "../support/shop/price-ledger.ts";
import { ask } from "../support/shop/question.ts";
import { startTraffic } from "../support/shop/traffic.ts";
import { ADMIN, startWorld, TOKEN, type World } from "../support/shop/world.ts";

let world: World;
afterEach(() => world.close());

const CUSTOMER = { authorization: "Bearer alice-token", "content-type": "application/json" };

/** Redis writes down what it knows now. */
async function snapshot(): Promise<void> {
  const quiet = (): void => undefined;
  const { run, close } = await openRedis(world.redis.url, { ready: quiet, error: quiet });
  await run((client) => client.sendCommand(["SAVE"]), 5_000);
  await close();
}

it("from a snapshot that is older than the last updates: what they made untrue is not shown again", async () => {
  world = await startWorld({ redis: ["--dbfilename", "snapshot.rdb"] });
  const [edge = ""] = world.edgeUrls;
  const path = "/api/products/61";
  const put = async (price: number): Promise<void> => {
    const body = JSON.stringify({ price_cents: price });
    expect((await ask("administrator", edge, path, { method: "PUT", headers: ADMIN, body })).status).toBe(200);
  };
  const shown = async (): Promise<number> => priceIn((await ask("visitor", edge, path)).text);
  await put(6_100);
  await drained(world);
  // gateway and application keep the price, and so does the snapshot
  await until("the price is shown", async () => (await shown()) === 6_100);
  await snapshot();
  await put(6_101);
  await drained(world);
  await world.redis.stop();
  await world.redis.start();
  await until(
    "Redis is asked again",
    async () => (await ask("customer", edge, "/api/cart", { headers: CUSTOMER })).status === 200,
  );
  // the edge has none of it, so the shop answers from here on
  const purge = {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ tags: ["product:61"] }),
  };
  expect((await ask("administrator", edge, "/.strata/purge", purge)).status).toBe(200);
  expect(await shown()).toBe(6_101);
});

it("from a snapshot without events that its stream had been given since: they are given to it again", async () => {
  world = await startWorld({ redis: ["--dbfilename", "snapshot.rdb"] });
  const prices = createPriceLedger();
  const update = async (id: number): Promise<void> => {
    const price = prices.next(id);
    const body = JSON.stringify({ price_cents: price });
    const path = `/api/products/${String(id)}`;
    expect((await ask("administrator", world.shop.url, path, { method: "PUT", headers: ADMIN, body })).status).toBe(
      200,
    );
    prices.acknowledged(id, price);
  };
  const published = (count: number) =>
    until("the stream has them", async () => (await backlog(world))?.published === count);
  world.purgeWire.stick("all");
  await update(65);
  await published(1);
  await snapshot();
  await update(66);
  await published(2);
  await world.redis.stop();
  await world.redis.start();
  world.purgeWire.open();
  await expectNothingLost(world, prices);
});

it("with all it had, from its own log: carts are as they were", async () => {
  world = await startWorld({ redis: ["--appendonly", "yes"] });
  const [edge = ""] = world.edgeUrls;
  const body = JSON.stringify({ quantity: 4 });
  const put = await ask("customer", edge, "/api/cart/lines/7", { method: "PUT", headers: CUSTOMER, body });
  expect(put.status, put.text).toBe(200);
  const traffic = await startTraffic(world, { changing: [62, 63], calm: [64] });
  await world.redis.stop();
  await traffic.rounds(5);
  await world.redis.start();
  await traffic.rounds(5);
  await traffic.stop();
  expectDecent(traffic.answers, 2_000);
  expectAll(
    traffic.answers.filter(({ who }) => who !== "customer"),
    ({ status }) => status === 200,
  );
  await expectNothingLost(world, traffic.prices);
  const cart = await ask("customer", edge, "/api/cart", { headers: CUSTOMER });
  expect(cart.text).toContain('"id":7');
});
