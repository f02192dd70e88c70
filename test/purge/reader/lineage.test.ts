// Owns the proof that an isolate's knowledge of the purge log never goes back in time: not to a log that was lost, nor below a number it has learnt.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Location } from "../../../src/http/message/facts.ts";
import { targetHash } from "../../../src/http/targets/target.ts";
import { lineage } from "../../../src/purge/reader/lineage.ts";
import type { Cursor, Delta } from "../../../src/purge/wire/records.ts";
import type { LogAnswer, LogReader } from "../../../src/purge/reader/log-reader.ts";
import { purgeReplica, type Replica } from "../../../src/purge/reader/replica.ts";
import { type Barrier, barrier, turns } from "../../support/barrier.ts";
import { testClock } from "../../support/clock.ts";
import { memoryLog } from "../../support/log.ts";

const BOUND_MS = 1000;
const PLACE: Location = { scheme: "https", host: "shop.test", path: "/", query: "" };
const UNKNOWN_MS = Number.NEGATIVE_INFINITY;

describe("of two incarnations the later one", () => {
  it.each([
    ["the first that is heard of", [], "a", "later"],
    ["the present one", ["a"], "a", "same"],
    ["one that was left", ["a", "b"], "a", "unproved"],
    ["one that was left long ago", ["a", "b", "c", "d"], "a", "unproved"],
    ["another one", ["a", "b"], "c", "later"],
  ] as const)("by a copy made since: %s", (_, entered, incarnation, standing) => {
    const order = lineage();
    for (const each of entered) order.enter(each, 1000);
    expect(order.standing(incarnation, { ticket: order.ticket(), copiedAtMs: 1001 })).toBe(standing);
  });

  it.each([
    ["made in the same millisecond", 1000],
    ["made before", 999],
    ["of unknown age", UNKNOWN_MS],
  ])("is not proved by a copy %s", (_, copiedAtMs) => {
    const order = lineage();
    order.enter("a", 1000);
    expect(order.standing("b", { ticket: order.ticket(), copiedAtMs })).toBe("unproved");
  });

  it("is not proved by a copy that was read before the present one was known, whatever its time: the clock may have been set back", () => {
    const order = lineage();
    const ticket = order.ticket();
    order.enter("b", 1000);
    expect(order.standing("a", { ticket, copiedAtMs: 5000 })).toBe("unproved");
  });

  it("is proved by an answer to a question that was sent after the present one was known, and by no earlier one's", () => {
    const order = lineage();
    order.enter("a", 1000);
    const before = order.ticket();
    order.enter("b", 1000);
    const after = order.ticket();
    expect(order.standing("c", { ticket: before })).toBe("unproved");
    expect(order.standing("a", { ticket: before })).toBe("unproved");
    expect(order.standing("c", { ticket: after })).toBe("later");
    expect(order.standing("a", { ticket: after })).toBe("returned");
  });

  it("of many that were left the latest are remembered, and the time of a copy refuses the others", () => {
    const order = lineage();
    for (let i = 0; i <= 40; i++) order.enter(`log-${String(i)}`, i);
    for (let i = 24; i < 40; i++) {
      expect(order.standing(`log-${String(i)}`, { ticket: order.ticket(), copiedAtMs: 99 })).toBe("unproved");
    }
    expect(order.standing("log-3", { ticket: order.ticket(), copiedAtMs: 40 })).toBe("unproved");
    expect(order.standing("log-3", { ticket: order.ticket(), copiedAtMs: 41 })).toBe("later");
  });
});

/** One isolate, whose questions the test answers; patience never ends. */
function isolate(late?: LogReader["fallbacks"]) {
  const clock = testClock();
  const log = memoryLog();
  const sent: {
    readonly cursor: Cursor | undefined;
    readonly maxAgeMs: number;
    readonly answer: Barrier<LogAnswer>;
  }[] = [];
  const replica = purgeReplica({
    now: clock.now,
    timeout: () => ({ passed: new Promise(() => undefined), cancel: () => undefined }),
    random: () => 0,
    waitMs: 1000,
    report: () => undefined,
  });
  const reader: LogReader = {
    since(cursor, maxAgeMs) {
      const answer = barrier<LogAnswer>();
      sent.push({ cursor, maxAgeMs, answer });
      return answer.passed;
    },
    ...(late && { fallbacks: late }),
  };
  const self = {
    clock,
    log,
    replica,
    sent,
    ensure: (maxLagMs = BOUND_MS) => replica.ensure(reader, maxLagMs, () => undefined),
    /** As the log stands now. */
    said: (cursor?: Cursor): LogAnswer => ({ delta: log.delta(cursor), sentAtMs: clock.now() }),
    /** Answers what is asked, for as long as something is, as the log stands. */
    async answerAll(): Promise<void> {
      for (let i = 0; i < 20; i++) {
        for (const { cursor, answer } of sent.splice(0)) answer.open(self.said(cursor));
        await turns();
      }
    },
    /** Knows the log as it stands. */
    async informed() {
      const known = self.ensure(0);
      await self.answerAll();
      await known;
      return self;
    },
    stateOf: (tag: string, fence = self.replica.fence() ?? { incarnation: "", seq: 0 }) =>
      replica.stateOf({ targets: [targetHash({ kind: "tag", value: tag })], fence }, PLACE).state,
  };
  return self;
}

type Isolate = ReturnType<typeof isolate>;

/** A purge by this isolate: as it is sent, and what its answer does. */
function purging({ replica, log, clock }: Isolate, tag: string) {
  const ticket = replica.ticket();
  const cursor = replica.cursor();
  const sentAtMs = clock.now();
  let delta: Delta | undefined;
  return {
    reach: () => {
      log.purge([tag], "hard");
      delta = log.delta(cursor);
    },
    // as strata.ts does
    arrive: () => {
      if (!delta || !replica.apply({ delta, sentAtMs }, ticket)) replica.doubt();
    },
  };
}

const lives = (replica: Replica): number => (replica.cursor()?.incarnation.length ?? 0) - "first".length;

describe("a lost log", () => {
  it("does not come back by an answer whose question was sent in the millisecond in which the next log was learnt", async () => {
    const b = await isolate().informed();
    b.clock.advance(2);
    const waiting = b.ensure();
    const [question] = b.sent.splice(0);
    const ofLost = b.said(question?.cursor);
    b.log.lose();
    const purge = purging(b, "a");
    purge.reach();
    purge.arrive();
    expect(b.replica.fence()).toEqual({ incarnation: "first+", seq: 1 });
    question?.answer.open(ofLost);
    await turns();
    expect(b.replica.fence()).toEqual({ incarnation: "first+", seq: 1 });
    await b.answerAll();
    expect(await waiting).toBe(true);
    expect(b.stateOf("a", { incarnation: "first+", seq: 0 })).toBe("gone");
    expect(b.stateOf("a", { incarnation: "first", seq: 9 })).toBe("gone");
  });

  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];

  it.each(orders)("two in a row within a millisecond, whose answers come in the order %i, %i, %i", async (...order) => {
    const b = await isolate().informed();
    const purges = [0, 1, 2].map((life) => purging(b, `tag-${String(life)}`));
    for (const [life, purge] of purges.entries()) {
      if (life > 0) b.log.lose();
      purge.reach();
    }
    let latest = 0;
    for (const each of order) {
      purges[each]?.arrive();
      expect(lives(b.replica)).toBeGreaterThanOrEqual(latest);
      latest = lives(b.replica);
    }
    // which of two unheard-of logs is the later one nobody knows, so the next request asks
    const known = b.ensure();
    await b.answerAll();
    expect(await known).toBe(true);
    expect(b.replica.fence()).toEqual({ incarnation: "first++", seq: 1 });
    expect(b.stateOf("tag-2", { incarnation: "first++", seq: 0 })).toBe("gone");
  });

  it("does not come back by a copy, though the clock stands still or was set back", async () => {
    const b = await isolate().informed();
    const lost = b.log.delta(undefined);
    b.log.lose();
    b.clock.advance(2);
    await b.informed();
    for (const seconds of [0, -3600, 7200]) {
      b.clock.advance(seconds);
      for (const sentAtMs of [UNKNOWN_MS, b.clock.now() - 25, b.clock.now()]) {
        expect(b.replica.apply({ delta: lost, sentAtMs, isCopy: true })).toBe(false);
      }
    }
    expect(lives(b.replica)).toBe(1);
  });

  it("does not come back by the snapshot in KV after the clock was set back", async () => {
    const old = memoryLog();
    const b = isolate([() => Promise.resolve({ delta: old.delta(undefined), sentAtMs: UNKNOWN_MS })]);
    b.log.lose();
    await b.informed();
    b.clock.advance(-3600);
    const waited = b.ensure();
    b.sent.splice(0)[0]?.answer.fail(new Error("down"));
    await turns();
    b.sent.splice(0)[0]?.answer.fail(new Error("down"));
    expect(await waited).toBe(false);
    expect(b.replica.fence()).toEqual({ incarnation: "first+", seq: 0 });
  });

  it("that comes back for good, because its storage was restored, is asked to become another one", async () => {
    const b = await isolate().informed();
    const restored = b.log.delta(undefined);
    b.log.lose();
    b.clock.advance(2);
    await b.informed();
    b.clock.advance(2);
    const waiting = b.ensure();
    // the first answer tells, the second is the proof asked for, with what makes the real log another one
    b.sent.splice(0)[0]?.answer.open({ delta: restored, sentAtMs: b.clock.now() });
    await turns();
    expect(b.replica.fence()).toEqual({ incarnation: "first+", seq: 0 });
    const [question] = b.sent.splice(0);
    expect(question).toMatchObject({ cursor: { incarnation: "first", seq: Number.MAX_SAFE_INTEGER }, maxAgeMs: 0 });
    b.log.lose();
    question?.answer.open(b.said());
    expect(await waiting).toBe(true);
    expect(lives(b.replica)).toBe(2);
  });
});

describe("another log", () => {
  it("that a copy names is believed where the copy was made since, without a question of one's own", async () => {
    const b = await isolate().informed();
    b.log.lose();
    b.clock.advance(2);
    const waiting = b.ensure();
    b.sent.splice(0)[0]?.answer.open({ ...b.said(), isCopy: true });
    expect(await waiting).toBe(true);
    expect([lives(b.replica), b.sent.length]).toEqual([1, 0]);
  });

  it("that a copy names, which may be older, is asked for past the copy", async () => {
    const b = isolate();
    const copied: LogAnswer = { ...b.said(), isCopy: true };
    b.log.lose();
    b.clock.advance(2);
    await b.informed();
    b.clock.advance(2);
    const waiting = b.ensure();
    b.sent.splice(0)[0]?.answer.open(copied);
    await turns();
    expect(b.sent.map(({ maxAgeMs }) => maxAgeMs)).toEqual([0]);
    await b.answerAll();
    expect(await waiting).toBe(true);
    expect(b.replica.fence()).toEqual({ incarnation: "first+", seq: 0 });
  });
});

describe("a purge whose answer says nothing of use", () => {
  it("makes nothing that is known count until the log itself has answered a question sent since", async () => {
    const b = await isolate().informed();
    const before: LogAnswer = { ...b.said(), isCopy: true };
    b.clock.advance(0.1);
    b.log.purge(["a"], "hard");
    expect(b.ensure()).toBe(true);
    b.replica.doubt();
    // a copy inside the bound adds what it knows and proves nothing
    b.replica.apply(before);
    const waiting = b.ensure();
    expect(waiting).toBeInstanceOf(Promise);
    expect(b.sent.map(({ maxAgeMs }) => maxAgeMs)).toEqual([0]);
    await b.answerAll();
    expect(await waiting).toBe(true);
    expect(b.stateOf("a", { incarnation: "first", seq: 0 })).toBe("gone");
    expect(b.ensure()).toBe(true);
  });

  it("nor does an answer to a question that was sent before", async () => {
    const b = await isolate().informed();
    b.clock.advance(2);
    const waiting = b.ensure();
    const [question] = b.sent.splice(0);
    const early = b.said(question?.cursor);
    b.log.purge(["a"], "hard");
    b.replica.doubt();
    question?.answer.open(early);
    await turns();
    expect(b.sent.map(({ maxAgeMs }) => maxAgeMs)).toEqual([0]);
    await b.answerAll();
    expect(await waiting).toBe(true);
    expect(b.stateOf("a", { incarnation: "first", seq: 0 })).toBe("gone");
  });
});

/** Events of the model: the log, its copies, and one isolate's requests. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ ask: fc.constantFrom(BOUND_MS, 0) }) },
  { weight: 4, arbitrary: fc.constant("purge" as const) },
  { weight: 8, arbitrary: fc.record({ reach: fc.nat(5) }) },
  { weight: 8, arbitrary: fc.record({ arrive: fc.nat(5), fails: fc.constantFrom(false, false, false, true) }) },
  { weight: 3, arbitrary: fc.constant("purge elsewhere" as const) },
  { weight: 3, arbitrary: fc.constant("lose" as const) },
  { weight: 3, arbitrary: fc.constant("others ask" as const) },
  { weight: 2, arbitrary: fc.constant("snapshot" as const) },
  { weight: 5, arbitrary: fc.record({ passMs: fc.constantFrom(0, 1, 30, 400, 1100, 31_000, -60_000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A question or a purge that is on its way. */
interface UnderWay {
  /** The log handles it. */
  reach(): void;
  arrive(fails: boolean): void;
}

/** Random histories of one isolate beside a log that is lost, purges by others, and copies that others make. */
function world(seen: { losses: number; copies: number; purges: number; unanswered: number }) {
  /** As colo-copy.ts has them: none from the future, each a little older than it says. */
  const copies: LogAnswer[] = [];
  const tail = () => copies.findLast(({ sentAtMs }) => sentAtMs <= b.clock.now());
  let kv: Delta | undefined;
  const b = isolate([() => Promise.resolve(tail()), () => Promise.resolve(kv && { delta: kv, sentAtMs: UNKNOWN_MS })]);
  const underWay: UnderWay[] = [];
  const others: (() => void)[] = [];
  /** The purges of this isolate that it has been told are done. */
  const confirmed: Cursor[] = [];

  function questionsSent(): void {
    for (const { cursor, maxAgeMs, answer } of b.sent.splice(0)) {
      const sentAtMs = b.clock.now();
      let said: LogAnswer | undefined;
      underWay.push({
        reach() {
          const copy = tail();
          const isCopied = copy && maxAgeMs > 0 && sentAtMs - copy.sentAtMs <= maxAgeMs;
          if (isCopied) seen.copies += 1;
          said = isCopied ? copy : { delta: b.log.delta(cursor), sentAtMs };
        },
        arrive(fails) {
          if (said && !fails) {
            answer.open(said);
            return;
          }
          seen.unanswered += 1;
          answer.fail(new Error("down"));
        },
      });
    }
  }

  function purgeSent(): void {
    const purge = purging(b, "own");
    let at: Cursor | undefined;
    underWay.push({
      reach() {
        purge.reach();
        const { incarnation, seq } = b.log.delta(undefined);
        at = { incarnation, seq };
      },
      arrive(fails) {
        if (!at || fails) return;
        purge.arrive();
        confirmed.push(at);
        seen.purges += 1;
      },
    });
  }

  function happens(what: Step): void {
    if (what === "purge") purgeSent();
    else if (what === "purge elsewhere") b.log.purge(["theirs"], "hard");
    else if (what === "snapshot") kv = b.log.delta(undefined);
    else if (what === "lose") {
      seen.losses += 1;
      b.log.lose();
    } else if (what === "others ask") {
      const sentAtMs = b.clock.now() - 25;
      others.push(() => copies.push({ delta: b.log.delta(undefined), sentAtMs, isCopy: true }));
      if (others.length > 1) others.shift()?.();
    } else if ("passMs" in what) {
      b.clock.advance(what.passMs / 1000);
      // the next writer ignores a copy from the future
      if (what.passMs < 0) copies.splice(0);
    } else if ("ask" in what) void b.ensure(what.ask);
    else if ("reach" in what) underWay[what.reach % Math.max(1, underWay.length)]?.reach();
    else underWay.splice(what.arrive % Math.max(1, underWay.length), 1)[0]?.arrive(what.fails);
    questionsSent();
  }
  return { ...b, confirmed, happens, questionsSent };
}

/** Which log it is, and how far it has come. */
const place = (cursor: Cursor | undefined): number => (cursor ? cursor.incarnation.length * 1e6 + cursor.seq : 0);

it("in any order of requests, purges, losses, copies and answers, knowledge only grows, and confirmed purges are obeyed", async () => {
  const seen = { losses: 0, copies: 0, purges: 0, unanswered: 0, moved: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), async (steps) => {
      const w = world(seen);
      let known = 0;
      const look = (): void => {
        const now = place(w.replica.cursor());
        expect(now).toBeGreaterThanOrEqual(known);
        if (Math.floor(now / 1e6) > Math.floor(known / 1e6) && known > 0) seen.moved += 1;
        known = now;
      };
      for (const each of steps) {
        w.happens(each);
        await turns(12);
        w.questionsSent();
        look();
        if (w.confirmed.length === 0 || w.ensure() !== true) continue;
        expect(known).toBeGreaterThanOrEqual(Math.max(...w.confirmed.map(place)));
      }
      // it is not stuck: asked now, it knows the log as it is
      w.clock.advance(40);
      const waiting = w.ensure(0);
      await w.answerAll();
      await waiting;
      look();
      expect(w.replica.cursor()).toMatchObject({ incarnation: w.log.delta(undefined).incarnation });
      expect(w.replica.cursor()?.seq).toBe(w.log.delta(undefined).seq);
    }),
    { numRuns: 1500 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
}, 60_000);
