// Proves that a shop whose wall clock jumps by an hour, forward or back, goes on: expiry follows other clocks, and updates are seen.
// The edge's own clock cannot be moved from outside its process: test/http and test/purge prove its behaviour with an injected one.
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectAll, expectDecent, expectNothingLost } from "../support/shop/aftermath.ts";
import { ask } from "../support/shop/question.ts";
import { startTraffic } from "../support/shop/traffic.ts";
import { startWorld, type World } from "../support/shop/world.ts";

const HOUR_MS = 3_600_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

it.each([
  ["an hour forward", HOUR_MS],
  ["back again", 0],
  ["an hour back", -HOUR_MS],
])("%s", async (_, shiftMs) => {
  const [edge = ""] = world.edgeUrls;
  const signIn = await ask("customer", edge, "/api/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "bob", password: "bob-password" }),
  });
  const cookie = (signIn.fields.get("set-cookie") ?? "").split(";")[0] ?? "";
  const traffic = await startTraffic(world, { changing: [101, 102], calm: [103] });
  await traffic.rounds(3);
  const before = await ask("visitor", edge, "/api/products/101");
  await world.shop.shiftClock(shiftMs);
  await traffic.rounds(6);
  await traffic.stop();
  expectDecent(traffic.answers, 2_000);
  expectAll(traffic.answers, ({ status }) => status === 200);
  await expectNothingLost(world, traffic.prices);
  expect(traffic.prices.setbacks).toEqual([]);
  // the session lives by the clock of Redis
  expect((await ask("customer", edge, "/api/me/profile", { headers: { cookie } })).status).toBe(200);
  // nobody who had it before is told that nothing has changed
  const since = before.fields.get("last-modified") ?? "";
  expect((await ask("visitor", edge, "/api/products/101", { headers: { "if-modified-since": since } })).status).toBe(
    200,
  );
});
