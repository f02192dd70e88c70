// Proves what is done about events: totals before caches, one call to a tier, and whose failure is whose.
import { beforeEach, describe, expect, test } from "vitest";
import type { ShopEvent } from "../../../origin-mock/events/event.ts";
import { createHandleEvents, createInvalidateFor } from "../../../origin-mock/events/handle.ts";
import type { HandleEvents, HappenedEvent } from "../../../origin-mock/events/handle.ts";
import { createMultiTierInvalidation } from "../../../origin-mock/invalidation/multi-tier.ts";
import type { CdnResult, PurgeContext, Removal } from "../../../origin-mock/invalidation/port.ts";
import { TRACE, updated } from "../support/events.ts";

let log: string[] = [];
let contexts: PurgeContext[] = [];
let purged: (readonly string[])[] = [];
let removal: Removal = { status: "done", keys: 1 };
let gatewayFails = false;
let refreshFails = false;
let refused: string | undefined;
let away: number | undefined;

const cdn = async (tags: readonly string[], context: PurgeContext): Promise<CdnResult> => {
  log.push(`purge ${tags.filter((tag) => tag.startsWith("product:") || tag === "shop").join(" ")}`);
  contexts.push(context);
  purged.push(tags);
  if (away !== undefined) return { status: "failed", failure: "temporary", reason: "away", tags, retryAfterMs: away };
  if (refused !== undefined && tags.includes(refused))
    return { status: "failed", failure: "refused", reason: "no", tags };
  return { status: "done", tags, seq: 1 };
};
const note = (what: string) => async (): Promise<Removal> => {
  log.push(what);
  return removal;
};
const invalidation = createMultiTierInvalidation({
  application: { remove: note("application"), removeEntities: async () => removal, bumpVersion: note("bump version") },
  gateway: {
    owe: () => undefined,
    async invalidate() {
      log.push("gateway");
      return gatewayFails ? { status: "failed", reason: "no answer" } : { status: "done", tags: 1 };
    },
  },
  cdn,
});
const refreshCategoryTotals = async (): Promise<void> => {
  log.push("refresh");
  if (refreshFails) throw new Error("deadlock");
};

let handle: HandleEvents;
beforeEach(() => {
  [log, contexts, purged, refused, away] = [[], [], [], undefined, undefined];
  removal = { status: "done", keys: 1 };
  [gatewayFails, refreshFails] = [false, false];
  handle = createHandleEvents({ invalidation, refreshCategoryTotals });
});

const happened = (...events: readonly ShopEvent[]): readonly HappenedEvent[] =>
  events.map((event, index) => ({ ...TRACE, event, eventId: `e${index + 1}` }));
const sold = (id: number): ShopEvent => ({ type: "inventory.updated", id, categories: ["bath"] });
const deleted = (id: number): ShopEvent => ({ type: "product.deleted", id, categories: ["bath"] });
const USER: ShopEvent = { type: "user.updated", username: "alice" };
const statuses = async (events: readonly HappenedEvent[]): Promise<readonly string[]> =>
  (await handle(events)).map(({ status }) => status);

test("many are one call to each tier, under the oldest one's trace, for all of them", async () => {
  const events = happened(updated(1), updated(2), updated(1));
  expect(await statuses(events)).toEqual(["handled", "handled", "handled"]);
  expect(log).toEqual(["refresh", "application", "gateway", "purge product:1 product:2"]);
  expect(contexts).toEqual([{ ...TRACE, events: ["e1", "e2", "e3"] }]);
});

test("totals are brought up to date before the application's cache is emptied, once, and only where they changed", async () => {
  await handle(happened(deleted(1), deleted(2)));
  expect(log.slice(0, 2)).toEqual(["refresh", "application"]);
  log = [];
  await handle(happened({ type: "category.updated", slug: "bath" }, USER));
  expect(log[0]).toBe("application");
});

describe("where they cannot be", () => {
  const RETRY = { status: "retry", reason: "category totals: deadlock" };
  const tagsOf = (): readonly string[] => purged.at(-1) ?? [];
  beforeEach(() => {
    refreshFails = true;
  });

  test("all but what shows them is done, and tried again until they are", async () => {
    const events = happened(deleted(1), sold(2), USER);
    expect(await handle(events)).toEqual([RETRY, RETRY, { status: "handled" }]);
    expect(log).toEqual(["refresh", "application", "gateway", "purge product:1"]);
    expect(tagsOf()).not.toContain("categories");
    // The caches are not clean for good: whatever filled them meanwhile shows the old totals.
    [log, refreshFails] = [[], false];
    expect(await statuses(events.slice(0, 2))).toEqual(["handled", "handled"]);
    expect(log).toEqual(["refresh", "application", "gateway", "purge product:1"]);
    expect(tagsOf()).toContain("categories");
  });

  test("everything waits for them", async () => {
    expect(await handle(happened({ type: "global.invalidate", reason: "r" }))).toEqual([RETRY]);
    expect(log).toEqual(["refresh"]);
  });
});

describe("a tier that fails", () => {
  test("fails those it reaches, and says when to come again", async () => {
    away = 7;
    expect(await handle(happened(updated(1), sold(2), USER))).toEqual([
      { status: "retry", reason: "away", afterMs: 7 },
      { status: "handled" },
      { status: "handled" },
    ]);
  });
  test("fails what lies in front of it", async () => {
    gatewayFails = true;
    expect(await statuses(happened(updated(1), sold(2), USER))).toEqual(["retry", "handled", "retry"]);
    removal = { status: "deferred", keys: 1, reason: "Redis is away" };
    expect(await statuses(happened(updated(1), sold(2), USER))).toEqual(["retry", "retry", "retry"]);
  });
});

test("tried again, only the edge is asked: the caches behind it are clean", async () => {
  const events = happened({ type: "global.invalidate", reason: "r" }, updated(1));
  away = 1;
  await handle(events);
  expect(log).toEqual(["refresh", "bump version", "gateway", "purge shop product:1"]);
  [log, away] = [[], undefined];
  expect(await statuses(events)).toEqual(["handled", "handled"]);
  expect(log).toEqual(["purge shop product:1"]);
  // Handled and forgotten: the same event once more, after a crash say, is everything once more.
  log = [];
  await handle(events);
  expect(log).toHaveLength(4);
});

test("what was not clean is not left out the next time", async () => {
  gatewayFails = true;
  await handle(happened(updated(1)));
  [log, gatewayFails] = [[], false];
  await handle(happened(updated(1)));
  expect(log).toEqual(["refresh", "application", "gateway", "purge product:1"]);
});

test("one event that the edge refuses is found among many, and stops no other", async () => {
  refused = "product:13";
  const events = happened(...Array.from({ length: 64 }, (_, id) => updated(id + 1)));
  const outcomes = await handle(events);
  expect(outcomes.flatMap(({ status }, index) => (status === "handled" ? [] : [[index + 1, status]]))).toEqual([
    [13, "refused"],
  ]);
  // 64, then twice each of 32, 16, 8, 4, 2 and 1.
  expect(log.filter((line) => line.startsWith("purge"))).toHaveLength(13);
  // The caches behind it are emptied once.
  expect(log.filter((line) => line === "gateway")).toHaveLength(1);
});

test("who waits for the result has it, also when the totals cannot be brought up to date", async () => {
  const invalidateFor = createInvalidateFor({ invalidation, refreshCategoryTotals });
  const event: HappenedEvent = { ...TRACE, event: deleted(1), eventId: "e1" };
  expect(await invalidateFor(event, 500)).toMatchObject({ cdn: { status: "done" } });
  expect(log[0]).toBe("refresh");
  expect(contexts).toEqual([{ ...TRACE, events: ["e1"], withinMs: 500 }]);
  refreshFails = true;
  expect(await invalidateFor(event, 500)).toMatchObject({ cdn: { status: "queued", event: "e1" } });
});
