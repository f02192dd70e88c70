// Owns the proof that a replica is never older than its bound when it answers, and never forgets what it knew.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DependencyError } from "../../src/error.ts";
import { targetHash } from "../../src/http/target.ts";
import type { Cursor, Delta } from "../../src/purge/records.ts";
import { purgeReplica, type Replica } from "../../src/purge/replica.ts";
import { type Barrier, barrier, turns } from "../support/barrier.ts";
import { type Clock, testClock } from "../support/clock.ts";
import { type MemoryLog, memoryLog } from "../support/log.ts";

const BOUND_MS = 1000;
const WAIT_MS = 10;

interface Bench {
  readonly clock: Clock;
  readonly log: MemoryLog;
  readonly replica: Replica;
  readonly reports: DependencyError[];
  readonly background: Promise<void>[];
  ensure(maxLagMs?: number): boolean | Promise<boolean>;
  /** From now on each question waits until the test answers it. */
  hold(): Barrier<Delta>[];
}

function bench(waitMs = WAIT_MS): Bench {
  const clock = testClock();
  const log = memoryLog();
  const reports: DependencyError[] = [];
  const background: Promise<void>[] = [];
  const replica = purgeReplica({ now: clock.now, waitMs, report: (error) => void reports.push(error) });
  return {
    clock,
    log,
    replica,
    reports,
    background,
    ensure: (maxLagMs = BOUND_MS) => replica.ensure(log, maxLagMs, (work) => void background.push(work)),
    hold() {
      const questions: Barrier<Delta>[] = [];
      log.answer = () => {
        const question = barrier<Delta>();
        questions.push(question);
        return question.passed;
      };
      return questions;
    },
  };
}

const entry = (tag: string, seq: number, incarnation = "first") => ({
  targets: [targetHash({ kind: "tag", value: tag })],
  fence: { incarnation, seq },
});

describe("replica: bound", () => {
  it("knows nothing before the log has answered", () => {
    const { replica } = bench();
    expect(replica.fence()).toBeUndefined();
    expect(replica.cursor()).toBeUndefined();
    expect(replica.stateOf(entry("a", 0))).toEqual({ state: "unknown" });
  });

  it("asks at first, then answers at once and without a question while it is young", async () => {
    const b = bench();
    expect(await b.ensure()).toBe(true);
    b.clock.advance(0.5);
    expect(b.ensure()).toBe(true);
    expect(b.log.questions).toEqual([undefined]);
    expect(b.replica.fence()).toEqual({ incarnation: "first", seq: 0 });
  });

  it("asks in the background past half of its bound, once", async () => {
    const b = bench();
    await b.ensure();
    b.clock.advance(0.501);
    expect(b.ensure()).toBe(true);
    expect(b.ensure()).toBe(true);
    expect(b.log.questions).toHaveLength(2);
    await Promise.all(b.background);
    b.clock.advance(0.4);
    expect(b.ensure()).toBe(true);
    expect(b.log.questions).toHaveLength(2);
  });

  it("waits past its bound, and then knows what was purged", async () => {
    const b = bench();
    await b.ensure();
    b.log.purge(["a"], "hard");
    b.clock.advance(1.001);
    const waited = b.ensure();
    expect(waited).toBeInstanceOf(Promise);
    expect(await waited).toBe(true);
    expect(b.replica.stateOf(entry("a", 0))).toEqual({ state: "gone", reason: "purged" });
    expect(b.log.questions.at(-1)).toEqual({ incarnation: "first", seq: 0 });
  });

  it("does not wait exactly at its bound", async () => {
    const b = bench();
    await b.ensure();
    b.clock.advance(1);
    expect(b.ensure()).toBe(true);
  });

  it("counts its age from when the question was sent, not from when the answer came", async () => {
    const b = bench(1000);
    const questions = b.hold();
    const first = b.ensure();
    b.clock.advance(0.9);
    questions[0]?.open(b.log.delta(undefined));
    expect(await first).toBe(true);
    b.clock.advance(0.05);
    expect(b.ensure()).toBe(true);
    b.clock.advance(0.06);
    expect(b.ensure()).toBeInstanceOf(Promise);
  });

  it("shares one question among all who wait", async () => {
    const b = bench(1000);
    const questions = b.hold();
    const waiting = Array.from({ length: 50 }, () => b.ensure());
    expect(questions).toHaveLength(1);
    questions[0]?.open(b.log.delta(undefined));
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 50 }, () => true));
    expect(b.log.questions).toHaveLength(1);
  });

  it("does not share a question that was sent before its own bound", async () => {
    const b = bench(5000);
    const questions = b.hold();
    const early = b.ensure();
    b.clock.advance(1.5);
    const late = b.ensure();
    expect(questions).toHaveLength(2);
    b.log.purge(["a"], "hard");
    questions[1]?.open(b.log.delta(undefined));
    expect(await late).toBe(true);
    questions[0]?.open({ incarnation: "first", seq: 0, records: [] });
    await early;
    expect(b.replica.fence()?.seq).toBe(1);
  });

  it("keeps the question of a client that leaves alive for the others", async () => {
    const b = bench();
    await b.ensure();
    expect(b.background).toHaveLength(1);
  });
});

describe("replica: strict", () => {
  it("asks for every request once the clock has moved", async () => {
    const b = bench();
    await b.ensure(0);
    b.clock.advance(0.001);
    b.log.purge(["a"], "hard");
    const waited = b.ensure(0);
    expect(waited).toBeInstanceOf(Promise);
    expect(await waited).toBe(true);
    expect(b.replica.stateOf(entry("a", 0))).toEqual({ state: "gone", reason: "purged" });
  });

  it("does not share a question sent before it", async () => {
    const b = bench(1000);
    const questions = b.hold();
    const first = b.ensure(0);
    b.clock.advance(0.001);
    const second = b.ensure(0);
    expect(questions).toHaveLength(2);
    for (const question of questions) question.open(b.log.delta(undefined));
    expect(await Promise.all([first, second])).toEqual([true, true]);
  });
});

describe("replica: a log that fails", () => {
  it("says so after its patience when the log hangs", async () => {
    const b = bench();
    b.hold();
    expect(await b.ensure()).toBe(false);
    expect(b.log.questions).toHaveLength(1);
  });

  it("says so at once when the log rejects, and reports why", async () => {
    const b = bench(60_000);
    const down = new Error("overloaded");
    b.log.answer = () => Promise.reject(down);
    expect(await b.ensure()).toBe(false);
    expect(b.reports).toHaveLength(1);
    expect(b.reports[0]).toMatchObject({ dependency: "purge log", cause: down });
  });

  it("says so, and does not throw, when the log throws before it answers", async () => {
    const b = bench();
    b.log.answer = () => {
      throw new Error("no such binding");
    };
    expect(await b.ensure()).toBe(false);
    expect(b.reports.length).toBeGreaterThan(0);
  });

  it("goes on with what it knew, and recovers", async () => {
    const b = bench();
    b.log.purge(["a"], "hard");
    await b.ensure();
    b.clock.advance(2);
    b.log.answer = () => Promise.reject(new Error("down"));
    expect(await b.ensure()).toBe(false);
    expect(b.replica.stateOf(entry("a", 0))).toEqual({ state: "gone", reason: "purged" });
    b.log.answer = undefined;
    // nobody waits behind a log that failed a moment ago, but it is asked
    expect(b.ensure()).toBe(false);
    await Promise.all(b.background);
    expect(b.ensure()).toBe(true);
  });

  it("waits again once the failure is over a second old", async () => {
    const b = bench();
    b.log.answer = () => Promise.reject(new Error("down"));
    expect(await b.ensure()).toBe(false);
    await Promise.all(b.background);
    const asked = b.log.questions.length;
    expect([b.ensure(), b.ensure()]).toEqual([false, false]);
    expect(b.log.questions.length).toBe(asked + 1);
    await Promise.all(b.background);
    b.clock.advance(1.1);
    expect(b.ensure()).toBeInstanceOf(Promise);
  });

  it("asks in its own name when the request that had asked died", async () => {
    const b = bench();
    const questions = b.hold();
    void b.ensure();
    const follower = b.ensure();
    expect(questions).toHaveLength(1);
    b.log.answer = undefined;
    expect(await follower).toBe(true);
    expect(b.log.questions).toHaveLength(2);
  });

  it("does not send a question for each of many who wait when the log rejects", async () => {
    const b = bench();
    const questions = b.hold();
    const waiting = Array.from({ length: 100 }, () => b.ensure());
    questions[0]?.fail(new Error("overloaded"));
    b.log.answer = () => Promise.reject(new Error("overloaded"));
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 100 }, () => false));
    expect(b.log.questions.length).toBeLessThanOrEqual(3);
  });

  it("asks again past half of its bound when an earlier question died", async () => {
    const b = bench();
    await b.ensure();
    const questions = b.hold();
    b.clock.advance(0.6);
    expect(b.ensure()).toBe(true);
    expect(b.ensure()).toBe(true);
    expect(questions).toHaveLength(1);
    b.clock.advance(0.05);
    expect(b.ensure()).toBe(true);
    expect(questions).toHaveLength(2);
  });
});

describe("replica: what it knows", () => {
  it("takes an answer for what it is, whatever order answers come in", async () => {
    const b = bench();
    await b.ensure();
    b.log.purge(["a"], "hard");
    const older = b.log.delta(b.replica.cursor());
    b.log.purge(["a"], "hard");
    b.log.purge(["b"], "soft", 7);
    const newer = b.log.delta(b.replica.cursor());
    b.replica.apply(newer, b.clock.now() + 2);
    b.replica.apply(older, b.clock.now() + 1);
    expect(b.replica.fence()).toEqual({ incarnation: "first", seq: 3 });
    expect(b.replica.stateOf(entry("a", 1))).toEqual({ state: "gone", reason: "purged" });
    expect(b.replica.stateOf(entry("b", 1))).toEqual({ state: "stale", sinceMs: 7 });
  });

  it("does not grow younger from an old answer", async () => {
    const b = bench();
    await b.ensure();
    b.clock.advance(0.9);
    b.replica.apply(b.log.delta(undefined), b.clock.now() - 900);
    b.clock.advance(0.2);
    expect(b.ensure()).toBeInstanceOf(Promise);
  });

  it("counts a purge's own answer as news", async () => {
    const b = bench();
    await b.ensure();
    b.clock.advance(0.9);
    b.log.purge(["a"], "hard");
    b.replica.apply(b.log.delta(b.replica.cursor()), b.clock.now());
    b.clock.advance(0.4);
    expect(b.ensure()).toBe(true);
    expect(b.log.questions).toHaveLength(1);
    expect(b.replica.stateOf(entry("a", 0))).toMatchObject({ state: "gone" });
  });

  it("starts anew with another log, and trusts nothing of the old one's time", async () => {
    const b = bench();
    b.log.purge(["a", "b"], "hard");
    await b.ensure();
    b.log.lose();
    b.clock.advance(2);
    expect(await b.ensure()).toBe(true);
    expect(b.replica.fence()).toEqual({ incarnation: "first+", seq: 0 });
    expect(b.replica.stateOf(entry("c", 99))).toEqual({ state: "gone", reason: "purge-log-changed" });
    expect(b.replica.stateOf(entry("a", 0, "first+"))).toEqual({ state: "clear" });
  });

  it("does not go back to a lost log by an answer that was under way", async () => {
    const b = bench();
    await b.ensure();
    const old = b.log.delta(undefined);
    const sentAtMs = b.clock.now();
    b.log.lose();
    b.log.purge(["a"], "hard");
    b.clock.advance(2);
    await b.ensure();
    b.replica.apply(old, sentAtMs);
    expect(b.replica.fence()).toEqual({ incarnation: "first+", seq: 1 });
    expect(b.replica.stateOf(entry("a", 0, "first+"))).toMatchObject({ state: "gone" });
  });

  it("never moves back: property over purges, losses of answers and their order", async () => {
    const step = fc.oneof(
      fc.record({ tag: fc.constantFrom("a", "b"), mode: fc.constantFrom("hard" as const, "soft" as const) }),
      fc.constant("ask" as const),
      fc.nat({ max: 5 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const b = bench();
        const underWay: { readonly delta: Delta; readonly sentAtMs: number }[] = [];
        let nowMs = 0;
        let seq = 0;
        for (const s of steps) {
          nowMs += 1;
          const cursor: Cursor | undefined = b.replica.cursor();
          if (s === "ask") underWay.push({ delta: b.log.delta(cursor), sentAtMs: nowMs });
          else if (typeof s === "object") b.log.purge([s.tag], s.mode, nowMs);
          else {
            const [answer] = underWay.splice(s % Math.max(1, underWay.length), 1);
            if (answer) b.replica.apply(answer.delta, answer.sentAtMs);
          }
          const known = b.replica.fence()?.seq ?? 0;
          expect(known).toBeGreaterThanOrEqual(seq);
          seq = known;
        }
        b.replica.apply(b.log.delta(b.replica.cursor()), nowMs + 1);
        const fresh = bench();
        fresh.replica.apply(b.log.delta(undefined), 0);
        for (const tag of ["a", "b"]) {
          for (let fence = 0; fence <= steps.length; fence++) {
            expect(b.replica.stateOf(entry(tag, fence))).toEqual(fresh.replica.stateOf(entry(tag, fence)));
          }
        }
      }),
      { numRuns: 200 },
    );
    await turns();
  });
});
