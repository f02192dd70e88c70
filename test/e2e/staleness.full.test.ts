// Owns the proof that the staleness table asks what it says it asks: every tier by itself, before and after a change.
import { afterAll, beforeAll, expect, it } from "vitest";
import { startWorld, type World } from "../../bench/staleness/world.ts";
import { findChromium } from "../../cli/dev/chromium-binary.ts";
import { until } from "../cli/until.ts";

const ID = 77;
let world: World;

beforeAll(async () => {
  world = await startWorld({ purges: true });
}, 120_000);
afterAll(() => world.close());

it("has all tiers, from the outside in", () => {
  expect(world.tiers.map(({ name }) => name)).toEqual([
    ...(findChromium() === undefined ? [] : ["browser"]),
    "edge that took the update",
    "another edge",
    "gateway",
    "application cache",
    "database",
  ]);
});

it("is told the old price by the browser alone, once the change has reached the tiers that can be reached", async () => {
  const prices: (number | undefined)[] = [];
  for (const { ask } of world.tiers) prices.push(await ask(ID));
  const [old] = prices;
  expect(prices.every((price) => price === old && price !== undefined)).toBe(true);
  const changed = (old ?? 0) + 1;
  await world.change(ID, changed);
  const named = (name: string) => world.tiers.find((tier) => tier.name === name)?.ask;
  expect([await named("application cache")?.(ID), await named("database")?.(ID)]).toEqual([undefined, changed]);
  // it keeps what it has for ten seconds
  if (findChromium() !== undefined) expect(await named("browser")?.(ID)).toBe(old);
  for (const name of ["edge that took the update", "another edge", "gateway"]) {
    await until(`${name} has the new price`, async () => (await named(name)?.(ID)) === changed);
  }
});
