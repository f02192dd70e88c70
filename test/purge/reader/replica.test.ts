// Owns the proof that a replica is never older than its bound when it answers, and never forgets what it knew.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DependencyError } from "../../../src/error.ts";
import { timeout } from "../../../src/base/deadline.ts";
import type { Location } from "../../../src/http/message/facts.ts";
import { targetHash } from "../../../src/http/targets/target.ts";
import { type Cursor, type Delta, NO_FLOOR } from "../../../src/purge/wire/records.ts";
import type { LogReader } from "../../../src/purge/reader/log-reader.ts";
import { purgeReplica, type Replica } from "../../../src/purge/reader/replica.ts";
import { type Barrier, barrier, turns } from "../../support/barrier.ts";
import { type Clock, testClock } from "../../support/clock.ts";
import { type MemoryLog, memoryLog } from "../../support/log.ts";

const BOUND_MS = 1000;
const WAIT_MS = 10;
const PLACE: Location = { scheme: "https", host: "shop.test", path: "/", query: "" };

interface Bench {
  readonly clock: Clock;
  readonly log: MemoryLog;
  readonly replica: Replica;
  readonly reports: DependencyError[];
  readonly background: Promise<unknown>[];
  ensure(maxLagMs?: number): boolean | Promise<boolean>;
  /** From now on each question waits until the test answers it. */
  hold(): Barrier<Delta>[];
}

function bench(waitMs = WAIT_MS): Bench {
  const clock = testClock();
  const log = memoryLog();
  const reports: DependencyError[] = [];
  const background: Promise<unknown>[] = [];
  const replica = purgeReplica({
    now: clock.now,
    timeout,
    random: () => 0,
    waitMs,
    report: (error) => void reports.push(error),
  });
  const reader: LogReader = {
    async since(cursor) {
      const sentAtMs = clock.now();
      return { delta: await log.since(cursor), sentAtMs };
    },
  };
  return {
    clock,
    log,
    replica,
    reports,
    background,
    ensure: (maxLagMs = BOUND_MS) => replica.ensure(reader, maxLagMs, (work) => void background.push(work)),
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
    expect(replica.stateOf(entry("a", 0), PLACE)).toEqual({ state: "unknown" });
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
    expect(b.replica.stateOf(entry("a", 0), PLACE)).toEqual({ state: "gone", reason: "purged" });
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

  it("trusts nothing of its age when the clock was set back, and goes on by the clock as it is", async () => {
    const b = bench();
    await b.ensure();
    b.log.purge(["a"], "hard");
    b.clock.advance(-3600);
    const waited = b.ensure();
    expect(waited).toBeInstanceOf(Promise);
    expect(await waited).toBe(true);
    expect(b.replica.stateOf(entry("a", 0), PLACE)).toMatchObject({ state: "gone" });
    b.clock.advance(0.5);
    expect(b.ensure()).toBe(true);
    expect(b.log.questions).toHaveLength(2);
    b.clock.advance(0.501);
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
    questions[0]?.open({ incarnation: "first", seq: 0, from: 0, floor: NO_FLOOR, records: [], browsers: [] });
    await early;
    expect(b.replica.fence()?.seq).toBe(1);
  });

  it("does not share a question that may be answered with older knowledge than its own bound", async () => {
    const b = bench(5000);
    const bounds: number[] = [];
    const reader: LogReader = {
      async since(cursor, maxAgeMs) {
        bounds.push(maxAgeMs);
        // a copy as old as the question allows
        return { delta: await b.log.since(cursor), sentAtMs: b.clock.now() - maxAgeMs };
      },
    };
    const waiting = [30_000, 1000, 1000].map((maxLagMs) => b.replica.ensure(reader, maxLagMs, () => undefined));
    expect(bounds).toEqual([30_000, 1000]);
    expect(await Promise.all(waiting)).toEqual([true, true, true]);
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
    expect(b.replica.stateOf(entry("a", 0), PLACE)).toEqual({ state: "gone", reason: "purged" });
  });

  it("asks for every request also while the clock stands still, and with the bound 0 alone", async () => {
    const b = bench();
    const bounds: number[] = [];
    const reader: LogReader = {
      async since(cursor, maxAgeMs) {
        bounds.push(maxAgeMs);
        return { delta: await b.log.since(cursor), sentAtMs: b.clock.now() };
      },
    };
    const ensure = () => b.replica.ensure(reader, 0, (work) => void b.background.push(work));
    expect(await ensure()).toBe(true);
    expect(await ensure()).toBe(true);
    expect(bounds).toEqual([0, 0]);
  });

  it("shares one question that is sent after they came, among all who came while another was under way", async () => {
    const b = bench(1000);
    const questions = b.hold();
    const first = b.ensure(0);
    const late = [b.ensure(0), b.ensure(0), b.ensure(0)];
    expect(questions).toHaveLength(1);
    const old = b.log.delta(undefined);
    b.log.purge(["a"], "hard");
    questions[0]?.open(old);
    expect(await first).toBe(true);
    expect(b.replica.stateOf(entry("a", 0), PLACE)).toEqual({ state: "clear" });
    await turns();
    expect(questions).toHaveLength(2);
    const latest = b.ensure(0);
    questions[1]?.open(b.log.delta(b.replica.cursor()));
    expect(await Promise.all(late)).toEqual([true, true, true]);
    expect(b.replica.stateOf(entry("a", 0), PLACE)).toMatchObject({ state: "gone" });
    await turns();
    expect(questions).toHaveLength(3);
    questions[2]?.open(b.log.delta(b.replica.cursor()));
    expect(await latest).toBe(true);
  });

  it("is not satisfied by another question's answer of the same moment", async () => {
    const b = bench();
    await b.ensure();
    b.log.answer = () => Promise.reject(new Error("down"));
    expect(await b.ensure(0)).toBe(false);
  });

  it("asks in its own name when the request that had asked died", async () => {
    const b = bench();
    b.hold();
    void b.ensure(0);
    const follower = b.ensure(0);
    b.clock.advance(1);
    b.log.answer = undefined;
    expect(await follower).toBe(true);
  });
});

describe("replica: snapshot of a log out of reach", () => {
  const down = () => Promise.reject(new Error("down"));

  function cutOff() {
    const b = bench();
    const other = memoryLog();
    other.purge(["a"], "hard");
    const reads: number[] = [];
    const reader: LogReader = {
      since: down,
      fallbacks: [
        () => {
          reads.push(b.clock.now());
          return Promise.resolve({ delta: other.delta(undefined), sentAtMs: Number.NEGATIVE_INFINITY });
        },
      ],
    };
    const ensure = () => b.replica.ensure(reader, BOUND_MS, (work) => void b.background.push(work));
    return { ...b, other, reads, ensure };
  }

  it("adds what it knows, and never satisfies the bound", async () => {
    const b = cutOff();
    expect(await b.ensure()).toBe(false);
    expect(b.replica.stateOf(entry("a", 0), PLACE)).toEqual({ state: "gone", reason: "purged" });
    expect(b.ensure()).toBe(false);
  });

  it("is read every 30 seconds at most", async () => {
    const b = cutOff();
    for (let second = 0; second <= 32; second += 2) {
      await b.ensure();
      b.clock.advance(2);
    }
    expect(b.reads).toHaveLength(2);
  });

  it("of another log is only taken by a replica that knows none", async () => {
    const b = cutOff();
    b.other.lose();
    b.other.purge(["b"], "hard");
    b.replica.apply({ delta: b.log.delta(undefined), sentAtMs: b.clock.now() - 5000 });
    expect(await b.ensure()).toBe(false);
    expect(b.reads).toHaveLength(1);
    expect(b.replica.fence()).toEqual({ incarnation: "first", seq: 0 });
  });

  it("of another log gives way to what the log itself says", async () => {
    const b = cutOff();
    await b.ensure();
    b.log.lose();
    b.replica.apply({ delta: b.log.delta(undefined), sentAtMs: b.clock.now() });
    expect(b.replica.fence()).toEqual({ incarnation: "first+", seq: 0 });
  });

  it.each([
    ["hangs", () => new Promise<never>(() => undefined)],
    ["throws", () => Promise.reject(new Error("KV is down"))],
    ["is not there", () => Promise.resolve(undefined)],
  ])("that %s changes nothing", async (_, snapshot) => {
    const b = bench();
    expect(await b.replica.ensure({ since: down, fallbacks: [snapshot] }, BOUND_MS, () => undefined)).toBe(false);
    expect(b.replica.fence()).toBeUndefined();
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
    expect(b.replica.stateOf(entry("a", 0), PLACE)).toEqual({ state: "gone", reason: "purged" });
    b.log.answer = undefined;
    // nobody waits behind a log that failed a moment ago, but it is asked
    expect(b.ensure()).toBe(false);
    await Promise.all(b.background);
    expect(b.ensure()).toBe(true);
  });

  it("waits again as soon as the log has answered", async () => {
    const b = bench();
    b.log.answer = () => Promise.reject(new Error("down"));
    expect(await b.ensure(200)).toBe(false);
    b.log.answer = undefined;
    expect(b.ensure(200)).toBe(false);
    await Promise.all(b.background);
    b.clock.advance(0.3);
    const waited = b.ensure(200);
    expect(waited).toBeInstanceOf(Promise);
    expect(await waited).toBe(true);
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
    b.replica.apply({ delta: newer, sentAtMs: b.clock.now() + 2 });
    b.replica.apply({ delta: older, sentAtMs: b.clock.now() + 1 });
    expect(b.replica.fence()).toEqual({ incarnation: "first", seq: 3 });
    expect(b.replica.stateOf(entry("a", 1), PLACE)).toEqual({ state: "gone", reason: "purged" });
    expect(b.replica.stateOf(entry("b", 1), PLACE)).toEqual({ state: "stale", sinceMs: 7 });
  });

  it("does not grow younger from an old answer", async () => {
    const b = bench();
    await b.ensure();
    b.clock.advance(0.9);
    b.replica.apply({ delta: b.log.delta(undefined), sentAtMs: b.clock.now() - 900 });
    b.clock.advance(0.2);
    expect(b.ensure()).toBeInstanceOf(Promise);
  });

  it("counts a purge's own answer as news", async () => {
    const b = bench();
    await b.ensure();
    b.clock.advance(0.9);
    b.log.purge(["a"], "hard");
    b.replica.apply({ delta: b.log.delta(b.replica.cursor()), sentAtMs: b.clock.now() });
    b.clock.advance(0.4);
    expect(b.ensure()).toBe(true);
    expect(b.log.questions).toHaveLength(1);
    expect(b.replica.stateOf(entry("a", 0), PLACE)).toMatchObject({ state: "gone" });
  });

  it("starts anew with another log, and trusts nothing of the old one's time", async () => {
    const b = bench();
    b.log.purge(["a", "b"], "hard");
    await b.ensure();
    b.log.lose();
    b.clock.advance(2);
    expect(await b.ensure()).toBe(true);
    expect(b.replica.fence()).toEqual({ incarnation: "first+", seq: 0 });
    expect(b.replica.stateOf(entry("c", 99), PLACE)).toEqual({ state: "gone", reason: "purge-log-changed" });
    expect(b.replica.stateOf(entry("a", 0, "first+"), PLACE)).toEqual({ state: "clear" });
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
    b.replica.apply({ delta: old, sentAtMs });
    expect(b.replica.fence()).toEqual({ incarnation: "first+", seq: 1 });
    expect(b.replica.stateOf(entry("a", 0, "first+"), PLACE)).toMatchObject({ state: "gone" });
  });

  it("takes nothing of what stands behind a gap", async () => {
    const b = bench();
    await b.ensure();
    b.log.purge(["a"], "hard");
    const { seq } = { seq: b.log.purge(["b"], "hard") };
    const behind = { ...b.log.delta({ incarnation: "first", seq: 1 }), from: 1 };
    expect(b.replica.apply({ delta: behind, sentAtMs: b.clock.now() + 1 })).toBe(false);
    expect(b.replica.fence()).toEqual({ incarnation: "first", seq: 0 });
    expect(b.replica.apply({ delta: b.log.delta(b.replica.cursor()), sentAtMs: b.clock.now() + 1 })).toBe(true);
    expect(b.replica.fence()).toEqual({ incarnation: "first", seq });
  });

  it("takes no part of another log's history", async () => {
    const b = bench();
    await b.ensure();
    b.log.lose();
    b.log.purge(["a"], "hard");
    b.log.purge(["b"], "hard");
    const part = { ...b.log.delta({ incarnation: "first+", seq: 1 }), from: 1 };
    expect(b.replica.apply({ delta: part, sentAtMs: b.clock.now() + 1 })).toBe(false);
    expect(b.replica.fence()).toEqual({ incarnation: "first", seq: 0 });
  });

  it("forgets what the floor stands for, also when an old answer brings it again", async () => {
    const b = bench();
    b.log.purge(["a"], "hard");
    const old = b.log.delta(undefined);
    b.log.purge(["b"], "hard");
    const floor = { ...NO_FLOOR, seq: 1, hardSeq: 1 };
    const risen = { ...b.log.delta(undefined), floor };
    const kept = { ...risen, records: risen.records.filter(({ hardSeq }) => hardSeq > 1) };
    for (const delta of [kept, old]) b.replica.apply({ delta, sentAtMs: b.clock.now() });
    // it stands for every target, whatever its name
    expect(b.replica.stateOf(entry("c", 0), PLACE)).toEqual({ state: "gone", reason: "purge-floor" });
    expect(b.replica.stateOf(entry("a", 1), PLACE)).toEqual({ state: "clear" });
    expect(b.replica.stateOf(entry("b", 1), PLACE)).toEqual({ state: "gone", reason: "purged" });
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
            if (answer) b.replica.apply(answer);
          }
          const known = b.replica.fence()?.seq ?? 0;
          expect(known).toBeGreaterThanOrEqual(seq);
          seq = known;
        }
        b.replica.apply({ delta: b.log.delta(b.replica.cursor()), sentAtMs: nowMs + 1 });
        const fresh = bench();
        fresh.replica.apply({ delta: b.log.delta(undefined), sentAtMs: 0 });
        for (const tag of ["a", "b"]) {
          for (let fence = 0; fence <= steps.length; fence++) {
            expect(b.replica.stateOf(entry(tag, fence), PLACE)).toEqual(
              fresh.replica.stateOf(entry(tag, fence), PLACE),
            );
          }
        }
      }),
      { numRuns: 200 },
    );
    await turns();
  });
});
