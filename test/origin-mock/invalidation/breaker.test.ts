// Proves the rest an edge is given: how long, how it grows, and that one that works is not kept waiting.
import { beforeEach, expect, test } from "vitest";
import { withBreaker } from "../../../origin-mock/invalidation/breaker.ts";
import type { CdnResult } from "../../../origin-mock/invalidation/port.ts";

const CONTEXT = { requestId: "r", traceparent: "t", events: [] };
const DONE: CdnResult = { status: "done", tags: [], seq: 1 };
const AWAY: CdnResult = { status: "failed", failure: "temporary", reason: "away", tags: ["a"] };
const REFUSED: CdnResult = { status: "failed", failure: "refused", reason: "no", tags: ["a"] };

let nowMs = 0;
let answer: CdnResult = DONE;
let asked = 0;
const breaker = () =>
  withBreaker(
    async () => {
      asked += 1;
      return answer;
    },
    { monotonicMs: () => nowMs, random: () => 0 },
  );
beforeEach(() => {
  nowMs = 0;
  asked = 0;
});

test("after a failure it is not asked until the rest is over, and each rest is twice as long, to a bound", async () => {
  const purge = breaker();
  answer = AWAY;
  const rests: unknown[] = [];
  for (let failure = 0; failure < 8; failure += 1) {
    const first = await purge(["a"], CONTEXT);
    const again = await purge(["b"], CONTEXT);
    const restMs = first.status === "failed" ? (first.retryAfterMs ?? 0) : 0;
    expect(again).toEqual({ ...AWAY, tags: ["b"], retryAfterMs: restMs });
    rests.push(restMs);
    nowMs += restMs;
  }
  expect(rests).toEqual([125, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  expect(asked).toBe(8);
});

test("one that answers has no rest afterwards, and its next one is short again", async () => {
  const purge = breaker();
  for (const works of [DONE, REFUSED]) {
    answer = AWAY;
    expect(await purge(["a"], CONTEXT)).toMatchObject({ retryAfterMs: 125 });
    nowMs += 125;
    answer = works;
    expect([await purge(["a"], CONTEXT), await purge(["a"], CONTEXT)]).toEqual([works, works]);
  }
});

test("its own wish counts where it is longer", async () => {
  const purge = breaker();
  answer = { ...AWAY, retryAfterMs: 9_000 };
  expect(await purge(["a"], CONTEXT)).toMatchObject({ retryAfterMs: 9_000 });
  answer = DONE;
  nowMs = 8_999;
  expect(await purge(["a"], CONTEXT)).toMatchObject({ status: "failed", retryAfterMs: 1 });
  nowMs = 9_000;
  expect(await purge(["a"], CONTEXT)).toEqual(DONE);
});

/** Orders that are under way at once; each ends as it is told. */
const underWay = (count: number) => {
  const gates = Array.from({ length: count }, () => Promise.withResolvers<CdnResult>());
  let sent = 0;
  const purge = withBreaker(
    () => {
      sent += 1;
      return gates[sent - 1]?.promise ?? Promise.resolve(DONE);
    },
    { monotonicMs: () => nowMs, random: () => 0 },
  );
  return { gates, purge, orders: gates.map(() => purge(["a"], CONTEXT)) };
};

test("orders that fail together are one failure", async () => {
  const { gates, purge, orders } = underWay(6);
  for (const gate of gates) gate.resolve(AWAY);
  await Promise.all(orders);
  nowMs += 125;
  expect(await purge(["a"], CONTEXT)).toEqual(DONE);
});

test("one that is answered after another failed ends the rest", async () => {
  const { gates, purge, orders } = underWay(2);
  gates[0]?.resolve(AWAY);
  await orders[0];
  gates[1]?.resolve(DONE);
  await orders[1];
  expect(await purge(["a"], CONTEXT)).toEqual(DONE);
});
