// Proves that of two shops on one Redis and one Postgres either may be killed, also the one that does the work of the events.
import { afterEach, describe, it } from "vitest";
import { freePort } from "../../../cli/dev/ports.ts";
import { expectAll, expectDecent, expectNothingLost } from "../support/shop/aftermath.ts";
import { startTraffic } from "../support/shop/traffic.ts";
import { hasPostgres, startWorld, type World } from "../support/shop/world.ts";

let world: World;
afterEach(() => world.close());

// the embedded database has one process
describe.skipIf(!hasPostgres)("two shops on one Redis and one Postgres", () => {
  it.each(["first", "second"] as const)("the %s is killed: visitors are answered by the other", async (which) => {
    world = await startWorld({ shops: [await freePort("127.0.0.1")] });
    const second = await world.startSecondShop();
    const traffic = await startTraffic(world, { changing: [91, 92, 93], calm: [94] });
    await traffic.rounds(5);
    const [victim, survivor] = which === "first" ? [world.shop, second] : [second, world.shop];
    await victim.kill();
    await traffic.rounds(6);
    await traffic.stop();
    expectDecent(traffic.answers, 3_000);
    expectAll(
      traffic.answers.filter(({ who }) => who === "visitor"),
      ({ status }) => status === 200,
    );
    await expectNothingLost({ ...world, shop: survivor }, traffic.prices);
  });
});
