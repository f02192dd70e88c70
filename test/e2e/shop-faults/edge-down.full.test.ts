// Proves that an edge that was away obeys, when it is back, what it was not told meanwhile, whatever its storage still holds.
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../cli/until.ts";
import { backlog, expectAll, expectNothingLost, expectPrompt, isDocumented, tell } from "../support/shop/aftermath.ts";
import { priceIn } from "../support/shop/price-ledger.ts";
import { ask } from "../support/shop/question.ts";
import { startTraffic } from "../support/shop/traffic.ts";
import { startWorld, type World } from "../support/shop/world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

it("every edge is stopped during updates, and starts again on its old storage", async () => {
  const traffic = await startTraffic(world, { changing: [71, 72, 73], calm: [74] });
  await traffic.rounds(5);
  traffic.administer(world.shop.url);
  // requests on their way are let through
  await traffic.rounds(1);
  await world.stopEdges();
  await traffic.rounds(10);
  const during = await backlog(world);
  await world.startEdges();
  await traffic.rounds(5);
  await traffic.stop();

  // updates never wait for the edge, and stand without it
  const updates = traffic.answers.filter(({ who }) => who === "administrator");
  expectAll(updates, ({ status }) => status === 200);
  expectPrompt(updates, 1_000);
  expect(during?.waiting).toBeGreaterThan(0);
  // status 0: nobody is there
  const failed = traffic.answers.filter((answer) => answer.status >= 500 && !isDocumented(answer));
  expect(failed.map(tell)).toEqual([]);
  await expectNothingLost(world, traffic.prices);
  expect(traffic.prices.setbacks).toEqual([]);
});

it("its stored responses are there when it is back, and gone when the purge arrives", async () => {
  const [edge = ""] = world.edgeUrls;
  const path = "/api/products/75";
  const first = await until("colo or KV hold it", async () => {
    const seen = await ask("visitor", edge, path);
    await world.stopEdges();
    await world.startEdges();
    const again = await ask("visitor", edge, path);
    return /fresh\/(?:colo|global)/.test(again.fields.get("cache-status") ?? "") && priceIn(seen.text);
  });
  await world.stopEdges();
  // the purge is on its way for as long as the test wants it to be
  world.purgeWire.stick("all");
  const traffic = await updateOnce(world.shop.url, path, first + 1);
  expect(traffic).toBe(200);
  await world.startEdges();
  const old = await ask("visitor", edge, path);
  expect(priceIn(old.text)).toBe(first);
  world.purgeWire.open();
  await until("the purge arrives", async () => priceIn((await ask("visitor", edge, path)).text) === first + 1, 12_000);
});

async function updateOnce(server: string, path: string, price: number): Promise<number> {
  const headers = { authorization: "Bearer admin-token", "content-type": "application/json" };
  const body = JSON.stringify({ price_cents: price });
  return (await ask("administrator", server, path, { method: "PUT", headers, body })).status;
}
