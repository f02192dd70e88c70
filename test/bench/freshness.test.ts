// Owns the property that no answer is judged with older knowledge than the bound, in a world where everything fails at times.
import { describe, expect, it } from "vitest";
import { observe, type WorldOptions } from "../../bench/freshness/world.ts";

const SMALL: Omit<WorldOptions, "seed" | "requestsPerSecond"> = {
  colos: 3,
  isolates: 15,
  maxLagMs: 1000,
  purgesPerSecond: 10,
  warmUpSeconds: 1,
  seconds: 12,
  copies: "one",
  spread: "skewed",
};

const seeds = Array.from({ length: 30 }, (_, i) => i + 1);

describe("the bound, by replica and colo copy on a virtual clock", () => {
  it.each(seeds)("holds while log and Cache API fail, hang and change: seed %i", async (seed) => {
    const requestsPerSecond = [0.5, 2, 20][seed % 3] ?? 1;
    const { requests, broken, unknown } = await observe({ ...SMALL, requestsPerSecond, faults: true, seed });
    expect(broken).toBe(0);
    expect(requests).toBeGreaterThan(50);
    // not all was outage
    expect(unknown).toBeLessThan(requests);
  });

  it.each([200, 5000])("holds for a bound of %i ms", async (maxLagMs) => {
    const { broken, unknown } = await observe({ ...SMALL, maxLagMs, requestsPerSecond: 5, seed: 99 });
    expect({ broken, unknown }).toEqual({ broken: 0, unknown: 0 });
  });

  it.each(["refuses", "hangs", "drops"] as const)(
    "asks a log that %s about twice a second for each colo",
    async (down) => {
      const world = { ...SMALL, spread: "even", isolates: 60, requestsPerSecond: 10, seconds: 25, seed: 3 } as const;
      const { questions } = await observe({ ...world, down });
      // that it hangs is noticed after some time: until then one asks after the other
      expect(Math.max(...questions)).toBeLessThanOrEqual(3 * 5);
      expect(Math.max(...questions.slice(2))).toBeLessThanOrEqual(3 * 3);
      expect(Math.min(...questions)).toBeGreaterThanOrEqual(3);
    },
  );

  it("needs far fewer questions with a copy for each colo than without", async () => {
    const one = await observe({ ...SMALL, spread: "even", isolates: 60, requestsPerSecond: 10, seed: 7 });
    const none = await observe({
      ...SMALL,
      spread: "even",
      isolates: 60,
      requestsPerSecond: 10,
      copies: "none",
      seed: 7,
    });
    const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
    expect(sum(one.questions) / 12).toBeLessThan(3 * 2);
    expect(sum(none.questions)).toBeGreaterThan(5 * sum(one.questions));
  });
});
