// Owns the proof that every way in which a fetch ends reaches its followers, once, and that no fault of the leader holds them up.
import { describe, expect, it, test } from "vitest";
import type { CacheRequest } from "../../../src/flow/cache-request.ts";
import { collapse } from "../../../src/flow/collapse/collapse.ts";
import { type Ended, tellEndings } from "../../../src/flow/collapse/ending.ts";
import type { FlightEnding } from "../../../src/flow/collapse/flights.ts";
import type { Fetched, FetchResult } from "../../../src/flow/fetch/fetched.ts";
import { applyRule } from "../../../src/flow/lookup/apply-rule.ts";
import { lookUp } from "../../../src/flow/lookup/lookup.ts";
import { receive } from "../../../src/flow/receive.ts";
import { ruleFor } from "../../../src/policy/match.ts";
import { exchangeOf } from "../../../src/routes/content.ts";
import { turns } from "../../support/barrier.ts";
import { SHOP, type TestEdge, testEdge } from "../../support/edge.ts";

const UNREACHABLE = "origin-unreachable" as const;

/** Every result of a fetch; a new kind does not compile without a row. */
const ENDINGS: Readonly<Record<FetchResult["kind"], readonly (readonly [FetchResult, FlightEnding])[]>> = {
  stored: [[{ kind: "stored" }, { kind: "stored" }]],
  unshared: [[{ kind: "unshared" }, { kind: "unshared" }]],
  "no-room": [[{ kind: "no-room" }, { kind: "unshared" }]],
  "no-room-for-part": [[{ kind: "no-room-for-part" }, { kind: "again" }]],
  refused: [[{ kind: "refused" }, { kind: "unshared" }]],
  unwanted: [[{ kind: "unwanted" }, { kind: "again" }]],
  broken: [[{ kind: "broken" }, { kind: "failed", failure: UNREACHABLE, final: false }]],
  "stood-in": [[{ kind: "stood-in" }, { kind: "failed", failure: UNREACHABLE, final: true }]],
  failed: [
    [
      { kind: "failed", failure: UNREACHABLE },
      { kind: "failed", failure: UNREACHABLE, final: true },
    ],
    [
      { kind: "failed", failure: "origin-timeout" },
      { kind: "failed", failure: "origin-timeout", final: true },
    ],
    [
      { kind: "failed", failure: "origin-resting" },
      { kind: "failed", failure: "origin-resting", final: true },
    ],
    [
      { kind: "failed", failure: "origin-invalid" },
      { kind: "failed", failure: "origin-invalid", final: false },
    ],
  ],
};

async function endingsOf(fetching: Promise<Ended>): Promise<readonly FlightEnding[]> {
  const endings: FlightEnding[] = [];
  await tellEndings(fetching, (ending) => endings.push(ending));
  return endings;
}

describe("a fetch tells its followers", () => {
  test.each(Object.values(ENDINGS).flat())("of %j: %j", async (result, ending) => {
    expect(await endingsOf(Promise.resolve({ result: Promise.resolve(result) }))).toEqual([ending]);
  });

  it("that it stalled, and then how it ended", async () => {
    const { promise: result, resolve } = Promise.withResolvers<FetchResult>();
    const endings = endingsOf(Promise.resolve({ result, stalled: Promise.resolve() }));
    await turns();
    resolve({ kind: "stored" });
    expect(await endings).toEqual([{ kind: "stalled" }, { kind: "stored" }]);
  });

  it.each<readonly [string, () => Promise<Ended>]>([
    ["the fetch fails in the edge itself", () => Promise.reject(new Error("a fault"))],
    ["its result does", () => Promise.resolve({ result: Promise.reject(new Error("a fault")) })],
  ])("to fetch for themselves where %s", async (_, fetching) => {
    expect(await endingsOf(fetching())).toEqual([{ kind: "unshared" }]);
  });
});

/** A request that has found nothing. */
async function missed(e: TestEdge): Promise<CacheRequest> {
  const exchange = exchangeOf(new Request(`${SHOP}/a`), e.edge, (work) => void work.catch(() => undefined));
  const received = receive(exchange.request, e.edge);
  if (received.kind !== "lookup") throw new Error("the request takes no part in caching");
  const rule = ruleFor(e.edge.site, received.facts.location.path);
  return lookUp({ edge: e.edge, exchange, rule, ruled: applyRule(received.facts, rule) });
}

describe("whatever the leader's fetch does", () => {
  const fetched = (kind: "stored" | "unshared"): Fetched => ({
    response: new Response("fetched"),
    result: Promise.resolve({ kind }),
  });

  it.each<readonly [string, () => Promise<Fetched>, status: number | "throws"]>([
    ["it throws", () => Promise.reject(new Error("a fault")), "throws"],
    ["its result throws", async () => ({ ...fetched("stored"), result: Promise.reject(new Error("a fault")) }), 200],
    ["it stores nothing that others may have", async () => fetched("unshared"), 200],
    [
      "its client never reads",
      async () => ({ ...fetched("stored"), result: new Promise(() => undefined), stalled: Promise.resolve() }),
      200,
    ],
  ])("followers go on, without the clock moving: %s", async (_, first, status) => {
    const e = testEdge();
    const fetches: CacheRequest[] = [];
    const ways = {
      answer: () => new Response("from the store"),
      fetch(request: CacheRequest): Promise<Fetched> {
        fetches.push(request);
        return fetches.length === 1 ? first() : Promise.resolve(fetched("unshared"));
      },
    };
    const requests = await Promise.all([missed(e), missed(e), missed(e)]);
    const [leader, ...followers] = await Promise.allSettled(requests.map((request) => collapse(request, ways)));
    expect(leader?.status === "fulfilled" ? leader.value.status : "throws").toBe(status);
    expect(followers.map((one) => one.status)).toEqual(["fulfilled", "fulfilled"]);
    expect(fetches.length).toBeGreaterThan(1);
    await turns();
    expect(e.underWay().fetches).toBe(0);
  });
});
