// Proves what becomes of events whose purge the edge refuses, and that none is lost until an administrator has seen to it.
import { createHash } from "node:crypto";
import { afterEach, expect, it } from "vitest";
import { until } from "../../cli/until.ts";
import { backlog, drained, expectAll, expectNothingLost } from "../support/shop/aftermath.ts";
import { ask } from "../support/shop/question.ts";
import { startTraffic } from "../support/shop/traffic.ts";
import { ADMIN, startWorld, TOKEN, type World } from "../support/shop/world.ts";

let world: World;
afterEach(() => world.close());

interface Dead {
  readonly id: string;
  readonly entity: string;
  readonly reason: string;
}

async function deadLetters(): Promise<readonly Dead[]> {
  const { status, text } = await ask("administrator", world.shop.url, "/api/admin/events/dead", { headers: ADMIN });
  expect(status).toBe(200);
  return (JSON.parse(text) as { readonly dead: readonly Dead[] }).dead;
}

it("a wrong token (401) is the shop's own fault: everything waits, nothing is given up, and the right token does it all", async () => {
  world = await startWorld({ shop: { STRATA_TOKEN: "wrong" } });
  const traffic = await startTraffic(world, { changing: [111, 112], calm: [113] });
  await traffic.rounds(5);
  await traffic.stop();
  expectAll(traffic.answers, ({ status }) => status === 200);
  expect(await backlog(world)).toMatchObject({ dead: 0, waiting: traffic.prices.acknowledgements });
  await until("the shop says why", () => world.shop.complaints.some((line) => line.includes("the edge answered 401")));
  await world.shop.stop();
  await world.shop.start({ STRATA_TOKEN: TOKEN });
  await expectNothingLost(world, traffic.prices);
});

it("a token that may not purge this (403): dead letters with the reason, redriven under the right token", async () => {
  const sha256 = createHash("sha256").update("narrow").digest("hex");
  const namedTokens = JSON.stringify([{ name: "narrow", sha256, tags: ["media:*"] }]);
  world = await startWorld({ shop: { STRATA_TOKEN: "narrow" }, edges: { namedTokens } });
  const traffic = await startTraffic(world, { changing: [114, 115], calm: [116] });
  await traffic.stop();
  const due = traffic.prices.acknowledgements;
  const dead = await until("all are given up", async () => {
    const letters = await deadLetters();
    return letters.length === due && letters;
  });
  expect(new Set(dead.map(({ entity }) => entity))).toEqual(new Set(["product:114", "product:115"]));
  for (const { reason } of dead) expect(reason).toContain("the edge answered 403: the token does not allow this");
  expect(await backlog(world)).toMatchObject({ waiting: 0, dead: due });

  await world.shop.stop();
  await world.shop.start({ STRATA_TOKEN: TOKEN });
  for (const { id } of dead) {
    const path = `/api/admin/events/dead/${id}/redrive`;
    expect((await ask("administrator", world.shop.url, path, { method: "POST", headers: ADMIN })).status).toBe(202);
  }
  await drained(world);
  expect(await deadLetters()).toEqual([]);
  await expectNothingLost(world, traffic.prices);
});
