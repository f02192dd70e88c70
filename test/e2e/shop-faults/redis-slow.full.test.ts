// Proves what people see when Redis is slow, too slow, and when it hangs and goes on where it was.
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectAll, expectDecent, expectMost, expectNothingLost } from "../support/shop/aftermath.ts";
import { startTraffic } from "../support/shop/traffic.ts";
import { startWorld, type World } from "../support/shop/world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

it("Redis answers 100 ms late: everything works, later", async () => {
  const traffic = await startTraffic(world, { changing: [21, 22], calm: [23] });
  world.redisWire.slow(100);
  await traffic.rounds(3);
  world.redisWire.open();
  await traffic.rounds(3);
  await traffic.stop();
  expectDecent(traffic.answers, 3_000);
  const [carts, others] = [true, false].map((wanted) =>
    traffic.answers.filter(({ who }) => (who === "customer") === wanted),
  );
  expectAll(others ?? [], ({ status }) => status === 200);
  // carts are in Redis alone, and the shop waits 250 ms for it: 150 ms more of a busy machine are a 503
  expectMost(carts ?? [], ({ status }) => status === 200);
  await expectNothingLost(world, traffic.prices);
  expect(traffic.prices.setbacks).toEqual([]);
});

it("Redis answers later than it is waited for: as if it were not there, but nobody waits for every answer", async () => {
  const traffic = await startTraffic(world, { changing: [31, 32], calm: [33] });
  world.redisWire.slow(400);
  await traffic.rounds(8);
  world.redisWire.open();
  await traffic.rounds(3);
  await traffic.stop();
  expectDecent(traffic.answers, 2_000);
  expectAll(
    traffic.answers.filter(({ who }) => who !== "customer"),
    ({ status }) => status === 200,
  );
  await expectNothingLost(world, traffic.prices);
  expect(traffic.prices.setbacks).toEqual([]);
});

it("Redis hangs, and goes on with all it had: what it was not told meanwhile is made up for before it is believed", async () => {
  const traffic = await startTraffic(world, { changing: [41, 42], calm: [43] });
  world.redis.pause();
  await traffic.rounds(10);
  world.redis.resume();
  await traffic.rounds(3);
  await traffic.stop();
  expectDecent(traffic.answers, 2_000);
  expectAll(
    traffic.answers.filter(({ who }) => who !== "customer"),
    ({ status }) => status === 200,
  );
  await expectNothingLost(world, traffic.prices);
  expect(traffic.prices.setbacks).toEqual([]);
});
