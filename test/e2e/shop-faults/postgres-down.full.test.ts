// Proves what people see when the database dies, is stopped, and hangs.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backlog, expectAll, expectDecent, expectNothingLost, isDocumented } from "../support/shop/aftermath.ts";
import { type Answer, ask } from "../support/shop/question.ts";
import { startTraffic } from "../support/shop/traffic.ts";
import { hasPostgres, startWorld, type World } from "../support/shop/world.ts";

const isOk = ({ status }: Answer): boolean => status === 200;

// the embedded database is a part of the shop: it dies with it, and shop-killed.test.ts kills that
describe.skipIf(!hasPostgres)("a real Postgres", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());

  it.each([
    ["is killed", async (postgres: NonNullable<World["postgres"]>) => postgres.kill(), 3_000],
    ["is stopped in good order", async (postgres: NonNullable<World["postgres"]>) => postgres.stop(), 3_000],
    // the deadline of a statement
    ["hangs", async (postgres: NonNullable<World["postgres"]>) => postgres.pause(), 9_000],
  ] as const)("%s: caches answer what they have, writes are told to come again", async (how, breakIt, withinMs) => {
    const { postgres } = world;
    if (postgres === undefined) throw new Error("the world has no Postgres");
    const traffic = await startTraffic(world, { changing: [51, 52], calm: [53, 54] });
    await traffic.rounds(3);
    await breakIt(postgres);
    const begunAtMs = Date.now();
    await traffic.rounds(how === "hangs" ? 2 : 10);
    const uncached = await ask("visitor", world.edgeUrls[0] ?? "", `/api/products/4${String(withinMs).slice(0, 1)}0`);
    const endedAtMs = Date.now();
    if (how === "hangs") postgres.resume();
    else await postgres.start();
    await traffic.rounds(3);
    await traffic.stop();

    expect(isDocumented(uncached), uncached.text).toBe(true);
    expectDecent([...traffic.answers, uncached], withinMs);
    expectAll(
      traffic.answers.filter(({ what }) => /^GET .*\/5[34]$/.test(what)),
      isOk,
    );
    const during = traffic.answers.filter(
      ({ sentAtMs, tookMs }) => sentAtMs > begunAtMs && sentAtMs + tookMs < endedAtMs,
    );
    expectAll(
      during.filter(({ who }) => who === "administrator"),
      ({ status }) => status === 503,
    );
    await expectNothingLost(world, traffic.prices);
    expect(traffic.prices.setbacks).toEqual([]);
    expect(await backlog(world)).toMatchObject({ waiting: 0, dead: 0 });
  });
});
