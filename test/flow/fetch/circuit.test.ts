// Owns the proof of one circuit: it opens, rests, probes and closes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Circuit, circuit, type Stance } from "../../../src/flow/fetch/circuit.ts";
import { type Clock, testClock } from "../../support/clock.ts";

const POLICY = { share: 0.5, requests: 50, windowSeconds: 10, restSeconds: 5 };
const LIMIT_MS = 60_000;

interface Rig {
  readonly clock: Clock;
  readonly circuit: Circuit;
  stance(): Stance;
  answered(count: number): void;
  /** Reports breakdowns of so many members, in turn. */
  broken(count: number, members?: number): void;
}

/** A `random` of 0.5 means no jitter. */
function rig({ random = 0.5, spread = 1, policy = POLICY } = {}): Rig {
  const clock = testClock();
  const own = circuit({ policy, spread, random: () => random });
  return {
    clock,
    circuit: own,
    stance: () => own.stance(clock.now()),
    answered(count) {
      for (let i = 0; i < count; i++) own.answered(clock.now(), own.era());
    },
    broken(count, members = 1) {
      for (let i = 0; i < count; i++) own.broken(clock.now(), own.era(), String(i % members));
    },
  };
}

const resting = (retryAfterSeconds: number): Stance => ({ kind: "resting", retryAfterSeconds });

describe("closed", () => {
  it.each([
    ["fewer than 50 requests, all broken down", 49, 49],
    ["less than half broken down", 100, 49],
    ["none broken down", 1000, 0],
  ])("stays: %s", (_, ended, broken) => {
    const r = rig();
    r.answered(ended - broken);
    r.broken(broken);
    expect(r.stance()).toEqual({ kind: "closed" });
  });

  it.each([
    ["50, all broken down", 50, 50],
    ["half of many", 200, 100],
  ])("opens at %s", (_, ended, broken) => {
    const r = rig();
    r.answered(ended - broken);
    r.broken(broken - 1);
    expect(r.stance().kind).toBe("closed");
    r.broken(1);
    expect(r.stance()).toEqual(resting(5));
  });

  it("forgets breakdowns older than the window, and counts those a second younger", () => {
    for (const [seconds, stance] of [
      [10, "closed"],
      [9, "resting"],
    ] as const) {
      const r = rig();
      r.broken(49);
      r.clock.advance(seconds);
      r.broken(1);
      expect(r.stance().kind).toBe(stance);
    }
  });

  it("goes by the policy", () => {
    const r = rig({ policy: { share: 1, requests: 4, windowSeconds: 2, restSeconds: 90 } });
    r.answered(1);
    r.broken(4);
    expect(r.stance().kind).toBe("closed");
    r.clock.advance(2);
    r.broken(4);
    expect(r.stance()).toEqual(resting(90));
  });
});

describe("of a group", () => {
  it.each([
    ["one member", 1, "closed"],
    ["two members", 2, "closed"],
    ["as many members as make a spread", 3, "resting"],
    ["each another", 1000, "resting"],
  ])("%s broken down", (_, members, stance) => {
    const r = rig({ spread: 3 });
    r.broken(200, members);
    expect(r.stance().kind).toBe(stance);
  });

  it("stays closed while every 25th request is answered, however many break down", () => {
    const r = rig({ spread: 3 });
    for (let i = 0; i < 100; i++) {
      r.broken(24, 24);
      r.answered(1);
      expect(r.stance().kind).toBe("closed");
    }
  });

  it("opens once at most where answers come in between more rarely, as long as they come within the window", () => {
    const r = rig({ spread: 3 });
    r.broken(500, 500);
    expect(r.stance().kind).toBe("resting");
    r.answered(1);
    for (let i = 0; i < 5; i++) {
      r.clock.advance(9);
      r.broken(500, 500);
      expect(r.stance().kind).toBe("closed");
      r.answered(1);
    }
    r.clock.advance(10);
    r.broken(500, 500);
    expect(r.stance().kind).toBe("resting");
  });
});

describe("open", () => {
  const opened = (random?: number): Rig => {
    const r = rig({ random });
    r.broken(50);
    return r;
  };

  it("ignores reports of requests sent before it opened, also after it has closed again", () => {
    const r = rig();
    const early = r.circuit.era();
    r.broken(50);
    r.circuit.answered(r.clock.now(), early);
    expect(r.stance().kind).toBe("resting");
    r.answered(1);
    for (let i = 0; i < 100; i++) r.circuit.broken(r.clock.now(), early, "");
    expect(r.stance().kind).toBe("closed");
  });

  it("is closed by any answer to a request sent since, and forgets its counts", () => {
    const r = opened();
    r.answered(1);
    expect(r.stance().kind).toBe("closed");
    r.broken(48);
    expect(r.stance().kind).toBe("closed");
  });

  it.each([
    [0, 3.75],
    [0.5, 5],
    [0.999, 6.25],
  ])("rests five seconds, a quarter more or less (random %d)", (random, seconds) => {
    const r = opened(random);
    r.clock.advance(seconds - 0.1);
    expect(r.stance().kind).toBe("resting");
    r.clock.advance(0.1);
    expect(r.stance().kind).toBe("rested");
  });

  it.each([
    ["shorter than its own rest", 1, 5],
    ["longer", 30, 30],
    ["longer than any rest", 3600, 60],
  ])("rests as long as the origin asks: %s", (_, asked, seconds) => {
    const r = rig();
    r.broken(49);
    r.circuit.broken(r.clock.now(), r.circuit.era(), "", asked);
    expect(r.stance()).toEqual(resting(seconds));
  });

  it("does not rest for an hour because the clock was set back by one", () => {
    const r = opened();
    r.clock.advance(-3600);
    expect(r.stance().kind).toBe("rested");
  });
});

describe("half-open", () => {
  const rested = () => {
    const r = rig();
    r.broken(50);
    r.clock.advance(5);
    return { r, probe: r.circuit.probe(r.clock.now(), LIMIT_MS) };
  };

  it("lets one probe through at a time", () => {
    expect(rested().r.stance()).toEqual(resting(1));
  });

  it("rests twice as long each time the probe breaks down, up to a minute", () => {
    const { r, ...first } = rested();
    let { probe } = first;
    for (const seconds of [10, 20, 40, 60, 60]) {
      r.circuit.probeBroken(probe, r.clock.now());
      expect(r.stance()).toEqual(resting(seconds));
      r.clock.advance(seconds);
      expect(r.stance().kind).toBe("rested");
      probe = r.circuit.probe(r.clock.now(), LIMIT_MS);
    }
  });

  it("lets the next request probe at once where a probe ended without result", () => {
    const { r, probe } = rested();
    r.circuit.release(probe);
    expect(r.stance().kind).toBe("rested");
  });

  it("is not prolonged by other breakdowns", () => {
    const { r, probe } = rested();
    r.broken(1000, 1000);
    r.circuit.release(probe);
    expect(r.stance().kind).toBe("rested");
  });

  it("does not wait for a probe that was cut off, nor is prolonged by it later", () => {
    const { r, probe } = rested();
    r.clock.advance(60);
    expect(r.stance().kind).toBe("rested");
    const second = r.circuit.probe(r.clock.now(), LIMIT_MS);
    r.circuit.probeBroken(probe, r.clock.now());
    r.circuit.release(probe);
    expect(r.stance()).toEqual(resting(1));
    r.circuit.release(second);
    expect(r.stance().kind).toBe("rested");
  });
});

const event = fc.oneof(
  fc.record({ kind: fc.constant("answered" as const), count: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant("broken" as const), count: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant("wait" as const), count: fc.integer({ min: -5, max: 70 }) }),
);

it("in any history: one probe at most, a time to come back, and any answer closes", () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 40 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer({ min: 1, max: 4 }),
      (events, random, spread) => {
        const r = rig({ random, spread });
        for (const { kind, count } of events) {
          if (kind === "wait") r.clock.advance(count);
          else r[kind](count, 60);
          if (kind === "answered") expect(r.stance().kind).toBe("closed");
          const stance = r.stance();
          if (stance.kind === "resting") {
            expect(stance.retryAfterSeconds).toBeGreaterThanOrEqual(1);
            expect(stance.retryAfterSeconds).toBeLessThanOrEqual(75);
          }
          if (stance.kind !== "rested") continue;
          const probe = r.circuit.probe(r.clock.now(), LIMIT_MS);
          expect(r.stance().kind).toBe("resting");
          if (count % 2 === 0) r.circuit.probeBroken(probe, r.clock.now());
          else r.circuit.release(probe);
        }
      },
    ),
  );
});
