// Owns the proof of the circuit breaker: when it opens, how it probes, how it closes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Admission, type Breakers, breakers } from "../../src/flow/breaker.ts";
import { type Clock, testClock } from "../support/clock.ts";

interface Rig {
  readonly clock: Clock;
  readonly breaker: Breakers;
  admit(): Admission;
  /** So many requests, one after the other, that are admitted and end. */
  end(count: number, failed: boolean): void;
}

/** Without jitter where `random` is 0.5. */
function rig(random = 0.5): Rig {
  const clock = testClock();
  const breaker = breakers({ now: clock.now, random: () => random });
  return {
    clock,
    breaker,
    admit: () => breaker.admit("o"),
    end(count, failed) {
      for (let i = 0; i < count; i++) breaker.report("o", breaker.admit("o"), failed);
    },
  };
}

describe("closed", () => {
  it.each([
    ["fewer than 50 requests, all failed", 49, 49],
    ["less than half failed", 100, 49],
    ["none failed", 1000, 0],
  ])("stays: %s", (_, ended, failed) => {
    const r = rig();
    r.end(ended - failed, false);
    r.end(failed, true);
    expect(r.admit()).toEqual({ kind: "closed" });
  });

  it.each([
    ["50, all failed", 50, 50],
    ["half of many", 200, 100],
  ])("opens at %s", (_, ended, failed) => {
    const r = rig();
    r.end(ended - failed, false);
    r.end(failed - 1, true);
    expect(r.admit().kind).toBe("closed");
    r.end(1, true);
    expect(r.admit()).toEqual({ kind: "refused", retryAfterSeconds: 5 });
  });

  it("forgets what is older than ten seconds", () => {
    const r = rig();
    r.end(49, true);
    r.clock.advance(10);
    r.end(49, true);
    expect(r.admit().kind).toBe("closed");
  });

  it("counts what is nine seconds old", () => {
    const r = rig();
    r.end(49, true);
    r.clock.advance(9);
    r.end(1, true);
    expect(r.admit().kind).toBe("refused");
  });

  it("is for one origin alone", () => {
    const r = rig();
    r.end(50, true);
    expect(r.breaker.admit("other").kind).toBe("closed");
  });
});

describe("open", () => {
  it("ignores what was sent before it opened", () => {
    const r = rig();
    const early = r.admit();
    r.end(50, true);
    r.breaker.report("o", early, false);
    expect(r.admit().kind).toBe("refused");
  });

  it.each([
    [0, 3.75],
    [0.5, 5],
    [0.999, 6.25],
  ])("rests five seconds, a quarter more or less (random %d)", (random, seconds) => {
    const r = rig(random);
    r.end(50, true);
    r.clock.advance(seconds - 0.1);
    expect(r.admit().kind).toBe("refused");
    r.clock.advance(0.1);
    expect(r.admit().kind).toBe("probe");
  });

  it.each([
    ["shorter than its own rest", 1, 5],
    ["longer", 30, 30],
    ["longer than any rest", 3600, 60],
  ])("rests as long as the origin asks: %s", (_, asked, seconds) => {
    const r = rig();
    r.end(49, true);
    r.breaker.report("o", r.admit(), true, asked);
    expect(r.admit()).toEqual({ kind: "refused", retryAfterSeconds: seconds });
  });

  it("forgets the origin asked longest ago, where there are too many", () => {
    const r = rig();
    r.end(50, true);
    for (let i = 0; i < 1000; i++) r.breaker.admit(`other-${String(i)}`);
    expect(r.admit().kind).toBe("closed");
  });
});

describe("half-open", () => {
  function rested(): Rig & { readonly probe: Admission } {
    const r = rig();
    r.end(50, true);
    r.clock.advance(5);
    return { ...r, probe: r.admit() };
  }

  it("lets one probe through at a time", () => {
    const r = rested();
    expect(r.probe.kind).toBe("probe");
    expect(r.admit().kind).toBe("refused");
  });

  it("closes when the probe succeeds, with nothing counted", () => {
    const r = rested();
    r.breaker.report("o", r.probe, false);
    r.end(49, true);
    expect(r.admit().kind).toBe("closed");
  });

  it("rests twice as long each time the probe fails, up to a minute", () => {
    const r = rested();
    let { probe } = r;
    for (const seconds of [10, 20, 40, 60, 60]) {
      r.breaker.report("o", probe, true);
      expect(r.admit()).toEqual({ kind: "refused", retryAfterSeconds: seconds });
      r.clock.advance(seconds);
      probe = r.admit();
    }
    expect(probe.kind).toBe("probe");
  });

  it("does not wait for a probe that was cut off, nor hears it later", () => {
    const r = rested();
    r.clock.advance(60);
    const second = r.admit();
    expect(second.kind).toBe("probe");
    r.breaker.report("o", r.probe, false);
    expect(r.admit().kind).toBe("refused");
    r.breaker.report("o", second, false);
    expect(r.admit().kind).toBe("closed");
  });
});

describe("always", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("end" as const), count: fc.integer({ min: 1, max: 60 }), failed: fc.boolean() }),
    fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: -5, max: 70 }) }),
  );

  it("one probe at most is under way, a refusal says when to come back, and an origin that answers is asked again", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (steps, random) => {
          const r = rig(random);
          for (const each of steps) {
            if (each.kind === "wait") r.clock.advance(each.seconds);
            else r.end(each.count, each.failed);
            const admissions = [r.admit(), r.admit(), r.admit()];
            expect(admissions.filter(({ kind }) => kind === "probe").length).toBeLessThanOrEqual(1);
            for (const admission of admissions) {
              if (admission.kind === "refused") expect(admission.retryAfterSeconds).toBeGreaterThanOrEqual(1);
              else r.breaker.report("o", admission, false);
            }
          }
          r.clock.advance(200);
          r.breaker.report("o", r.admit(), false);
          expect(r.admit().kind).toBe("closed");
        },
      ),
    );
  });
});
