// Proves the order of invalidation: from the inside out, no tier before the one behind it is clean, one call to each.
import { beforeEach, describe, expect, test } from "vitest";
import { createMultiTierInvalidation } from "../../../origin-mock/invalidation/multi-tier.ts";
import type { ApplicationTier, CdnResult, GatewayTier, Removal } from "../../../origin-mock/invalidation/port.ts";
import { reachOf } from "../../../origin-mock/invalidation/reach.ts";

const CONTEXT = { requestId: "r", traceparent: "t", events: ["e1"] };
const PRODUCT = reachOf({ type: "product.updated", id: 7, categories: ["bath"] });
const STOCK = reachOf({ type: "inventory.updated", id: 7, categories: ["bath"] });
const USER = reachOf({ type: "user.updated", username: "alice" });
const EVERYTHING = reachOf({ type: "global.invalidate", reason: "r" });

const DONE: Removal = { status: "done", keys: 1 };
const DEFERRED: Removal = { status: "deferred", keys: 1, reason: "Redis is away" };

let log: string[] = [];
let [removal, entityRemoval]: Removal[] = [DONE, DONE];
let gatewayAnswer: Awaited<ReturnType<GatewayTier["invalidate"]>> = { status: "done", tags: 1 };
let cdnAnswer: CdnResult = { status: "done", tags: [], seq: 1 };
beforeEach(() => {
  log = [];
  [removal, entityRemoval] = [DONE, DONE];
  gatewayAnswer = { status: "done", tags: 1 };
  cdnAnswer = { status: "done", tags: [], seq: 1 };
});

/** Says when it began and when it ended: a tier that begins before the one behind it ended shows. */
const slowly = async <T>(name: string, answer: () => T): Promise<T> => {
  log.push(`${name} begins`);
  await new Promise((resolve) => setImmediate(resolve));
  log.push(`${name} ends`);
  return answer();
};
const application: ApplicationTier = {
  remove: () => slowly("remove", () => removal ?? DONE),
  removeEntities: () => slowly("remove entities", () => entityRemoval ?? DONE),
  bumpVersion: () => slowly("bump version", () => removal ?? DONE),
};
const gateway: GatewayTier = {
  invalidate: () => slowly("gateway", () => gatewayAnswer),
  owe: ({ tags }) => void log.push(`gateway owes ${tags.length}`),
};
const tiers = createMultiTierInvalidation({ application, gateway, cdn: () => slowly("cdn", () => cdnAnswer) });
const called = (): readonly string[] => log.filter((line) => line.endsWith("begins")).map((line) => line.slice(0, -7));

test("from the inside out, each after the one before", async () => {
  expect(await tiers.now(PRODUCT, CONTEXT)).toEqual({
    application: { status: "done", keys: 2 },
    gateway: { status: "done", tags: 1 },
    cdn: { status: "done", tags: [], seq: 1 },
  });
  expect(log).toEqual(
    ["remove", "remove entities", "gateway", "cdn"].flatMap((name) => [`${name} begins`, `${name} ends`]),
  );
});

describe.each(["remove", "remove entities"])("when to %s is deferred", (which) => {
  beforeEach(() => {
    if (which === "remove") removal = DEFERRED;
    else entityRemoval = DEFERRED;
  });
  test("everything in front is held", async () => {
    const held = { status: "held", reason: "the application cache is not clean: Redis is away" };
    expect(await tiers.now(PRODUCT, CONTEXT)).toEqual({
      application: { status: "deferred", keys: 2, reason: "Redis is away" },
      gateway: held,
      cdn: held,
    });
    expect(called()).toEqual(["remove", "remove entities"]);
    expect(log.at(-1)).toBe(`gateway owes ${PRODUCT.gateway.tags.length}`);
  });
});

test("a gateway that fails holds the CDN", async () => {
  gatewayAnswer = { status: "failed", reason: "no answer" };
  expect(await tiers.now(PRODUCT, CONTEXT)).toMatchObject({
    application: { status: "done" },
    gateway: gatewayAnswer,
    cdn: { status: "held", reason: "the gateway is not clean: no answer" },
  });
  expect(called()).not.toContain("cdn");
});

test("what a CDN says is passed on", async () => {
  cdnAnswer = { status: "failed", failure: "refused", reason: "no", tags: ["a"] };
  expect((await tiers.now(PRODUCT, CONTEXT)).cdn).toEqual(cdnAnswer);
});

test.each([
  ["stock", STOCK, ["remove"], { gateway: { status: "skipped" }, cdn: { status: "skipped" } }],
  ["a person", USER, ["remove", "gateway"], { gateway: { status: "done" }, cdn: { status: "skipped" } }],
  ["everything", EVERYTHING, ["bump version", "gateway", "cdn"], { application: { status: "done" } }],
])("tiers that %s does not reach are left alone", async (_, targets, calls, result) => {
  expect(await tiers.now(targets, CONTEXT)).toMatchObject(result);
  expect(called()).toEqual(calls);
});

test("what is not there is skipped and holds nothing", async () => {
  const without = createMultiTierInvalidation({ application, gateway: undefined, cdn: undefined });
  expect(await without.now(PRODUCT, CONTEXT)).toEqual({
    application: { status: "done", keys: 2 },
    gateway: { status: "skipped", reason: "there is no gateway" },
    cdn: { status: "skipped", reason: "no edge URL is configured" },
  });
});

test("many are one call to each tier", async () => {
  const list = Array.from({ length: 500 }, (_, id) => reachOf({ type: "product.updated", id, categories: ["bath"] }));
  await tiers.bulk(list, CONTEXT);
  expect(called()).toEqual(["remove", "remove entities", "gateway", "cdn"]);
});

test("queued, the inner tiers are clean at once and the CDN is left to the event", async () => {
  expect(await tiers.queued(PRODUCT, "e1")).toMatchObject({
    application: { status: "done" },
    gateway: { status: "done" },
    cdn: { status: "queued", event: "e1" },
  });
  expect((await tiers.queued(STOCK, "e2")).cdn).toMatchObject({ status: "skipped" });
  expect(called()).not.toContain("cdn");
});
