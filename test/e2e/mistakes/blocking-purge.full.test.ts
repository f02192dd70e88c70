// Owns the proof that a change does not wait for an edge that does not answer, is not lost, and of what waits where it does.
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Mistake } from "../support/shop-mistakes.ts";
import { changePrice, priceAt } from "../support/shop-people.ts";
import { type ShopWorld, startShopWorld } from "../support/shop-world.ts";

const NEW_CENTS = 7_654_321;
let world: ShopWorld;
let edge = "";
let id = 100;

beforeAll(async () => {
  world = await startShopWorld();
  [edge = ""] = world.edges;
});
afterAll(() => world.close());
beforeEach(() => {
  id += 1;
});

/** The change's answer waits for all three tiers, and for the edge without a limit. */
const blocking: Mistake = {
  invalidation: (right) => ({
    ...right,
    async queued(targets, event) {
      const context = { requestId: "a-change", traceparent: "", events: [event] };
      const { application, gateway } = await right.now(targets, context);
      return { application, gateway, cdn: { status: "queued", event } };
    },
  }),
};

/** Begins a change, and comes back when its purge stands before an edge that takes none. */
async function changeWhileHeld() {
  const oldPrice = await priceAt(edge, id);
  const holding = world.gate.hold();
  const state = { answered: false };
  const answer = changePrice(world.originUrl, id, NEW_CENTS).finally(() => {
    state.answered = true;
  });
  await holding.arrived;
  return { oldPrice, answer, state, release: holding.release };
}

it("awaiting the purge: the change hangs for as long as the edge does", async () => {
  await world.serve({ mistake: blocking, purgeWithinMs: 60_000 });
  const { answer, state, release } = await changeWhileHeld();
  // the shop itself is well: in the meantime it answers others, and commits their changes
  for (let others = 0; others < 20; others += 1) await priceAt(world.originUrl, 1_000 + others);
  expect(state.answered).toBe(false);
  expect(await priceAt(world.originUrl, id)).toBe(NEW_CENTS);
  release();
  await world.handled(await answer);
});

it("as the shop does it: the change is answered meanwhile, and the purge comes when the edge takes it", async () => {
  await world.serve({ purgeWithinMs: 60_000 });
  const { oldPrice, answer, release } = await changeWhileHeld();
  const event = await answer;
  expect(await priceAt(edge, id)).toBe(oldPrice);
  release();
  await world.handled(event);
  expect(await priceAt(edge, id)).toBe(NEW_CENTS);
});

it("as the shop does it: an edge that is given up on is purged when it is back", async () => {
  await world.serve({ purgeWithinMs: 50 });
  const { answer, release } = await changeWhileHeld();
  const event = await answer;
  const again = world.gate.hold();
  await again.arrived;
  release();
  again.release();
  await world.handled(event);
  expect(await priceAt(edge, id)).toBe(NEW_CENTS);
});
