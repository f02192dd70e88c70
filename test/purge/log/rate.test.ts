// Owns the proof of how many purges an actor may order.
import fc from "fast-check";
import { expect, it } from "vitest";
import { rateLimit } from "../../../src/purge/log/rate.ts";

it("takes as many at once as the burst, then as many as a second allows", () => {
  const limit = rateLimit();
  const rate = { perSecond: 2, burst: 3 };
  const take = (nowMs: number) => limit.take("a", rate, nowMs);
  expect([take(0), take(0), take(0)]).toEqual([undefined, undefined, undefined]);
  expect(take(0)).toBe(1);
  expect(take(499)).toBe(1);
  expect(take(500)).toBeUndefined();
  expect(take(500)).toBe(1);
  expect([take(10_000), take(10_000), take(10_000), take(10_000)]).toEqual([undefined, undefined, undefined, 1]);
});

it("counts each actor apart, and says how long a slow rate takes", () => {
  const limit = rateLimit();
  const rate = { perSecond: 0.1, burst: 1 };
  expect(limit.take("a", rate, 0)).toBeUndefined();
  expect(limit.take("b", rate, 0)).toBeUndefined();
  expect(limit.take("a", rate, 2500)).toBe(8);
});

it("shuts nobody out when the clock is set back, or the rate raised: their bucket is full again", () => {
  const limit = rateLimit();
  const slow = { perSecond: 0.01, burst: 3 };
  const quick = { perSecond: 1, burst: 3 };
  const take = (rate: typeof slow, nowMs: number, times: number) =>
    Array.from({ length: times }, () => limit.take("a", rate, nowMs));
  expect(take(slow, 1e9, 4)).toEqual([undefined, undefined, undefined, 100]);
  expect(take(quick, 1e9, 4)).toEqual([undefined, undefined, undefined, 1]);
  expect(take(quick, 1e9 - 3_600_000, 4)).toEqual([undefined, undefined, undefined, 1]);
});

it("takes who waited as told, though a rate's share of a second cannot be written exactly", () => {
  const limit = rateLimit();
  const rate = { perSecond: 11, burst: 1 };
  expect([0, 0, 1000].map((nowMs) => limit.take("a", rate, nowMs))).toEqual([undefined, 1, undefined]);
});

it("takes no more in any time than burst and rate allow, and whoever waits as told is taken", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(2000), { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 10 }),
      (pauses, perSecond, burst) => {
        const limit = rateLimit();
        const taken: number[] = [];
        let nowMs = 0;
        for (const pauseMs of pauses) {
          nowMs += pauseMs;
          const wait = limit.take("a", { perSecond, burst }, nowMs);
          if (wait === undefined) taken.push(nowMs);
          else {
            nowMs += wait * 1000;
            expect(limit.take("a", { perSecond, burst }, nowMs)).toBeUndefined();
            taken.push(nowMs);
          }
        }
        for (const [first, fromMs] of taken.entries()) {
          for (const [index, toMs] of taken.slice(first).entries()) {
            expect(index + 1).toBeLessThanOrEqual(burst + ((toMs - fromMs) * perSecond) / 1000 + 1e-6);
          }
        }
      },
    ),
  );
});

it("remembers a bounded number of actors: the one that asked longest ago is forgotten", () => {
  const limit = rateLimit();
  const rate = { perSecond: 0.001, burst: 1 };
  for (let i = 0; i <= 10_000; i++) limit.take(`actor-${String(i)}`, rate, 0);
  expect(limit.take("actor-10000", rate, 0)).toBeDefined();
  expect(limit.take("actor-0", rate, 0)).toBeUndefined();
});
