// Proves that a shop killed at its work loses nothing it acknowledged: another process, then or meanwhile, does the rest.
import { afterEach, expect, it } from "vitest";
import { until } from "../../cli/until.ts";
import { backlog, expectAll, expectDecent, expectNothingLost } from "../support/shop/aftermath.ts";
import { startTraffic } from "../support/shop/traffic.ts";
import { startWorld, type World } from "../support/shop/world.ts";

let world: World;
afterEach(() => world.close());

it("killed in the middle of a batch, some of it purged and some not, and started again", async () => {
  world = await startWorld();
  const traffic = await startTraffic(world, { changing: [81, 82, 83, 84], calm: [85] });
  await traffic.rounds(5);
  // purges arrive, and what they are answered does not: done, and not known to be
  world.purgeWire.stick("answers");
  await until("events are under way", async () => ((await backlog(world))?.waiting ?? 0) >= 8);
  await world.shop.kill();
  world.purgeWire.open();
  await traffic.rounds(5);
  await world.shop.start();
  await traffic.rounds(5);
  await traffic.stop();
  expectDecent(traffic.answers, 3_000);
  expectAll(
    traffic.answers.filter(({ what }) => what.endsWith("/85") && what.startsWith("GET")),
    ({ status }) => status === 200,
  );
  await expectNothingLost(world, traffic.prices);
  expect(traffic.prices.setbacks).toEqual([]);
});

it("killed while it owes a hanging Redis removals: the events make up for them", async () => {
  world = await startWorld();
  const traffic = await startTraffic(world, { changing: [86, 87], calm: [88] });
  await traffic.rounds(3);
  world.redis.pause();
  await traffic.rounds(5);
  await world.shop.kill();
  await world.shop.start();
  await traffic.rounds(3);
  world.redis.resume();
  await traffic.rounds(3);
  await traffic.stop();
  expectDecent(traffic.answers, 3_000);
  await expectNothingLost(world, traffic.prices);
});
