// Owns the proof of a replica's behaviour while the log is out of reach, and when it is back: waits, requests, and late copies.
import { describe, expect, it } from "vitest";
import { timeout } from "../../src/base/deadline.ts";
import type { Location } from "../../src/http/message/facts.ts";
import { targetHash } from "../../src/http/targets/target.ts";
import type { LogReader } from "../../src/purge/reader/log-reader.ts";
import type { Delta } from "../../src/purge/wire/records.ts";
import { purgeReplica } from "../../src/purge/reader/replica.ts";
import { barrier } from "../support/barrier.ts";
import { testClock } from "../support/clock.ts";
import { memoryLog } from "../support/log.ts";

const PLACE: Location = { scheme: "https", host: "shop.test", path: "/", query: "" };
const refuses = () => Promise.reject(new Error("cut off"));
const hangs = () => new Promise<never>(() => undefined);

/** One isolate, its log, and a snapshot in KV that already knows of a purge of `a`. */
function isolate(waitMs = 10) {
  const clock = testClock();
  const log = memoryLog();
  const inKv = memoryLog();
  const reads: number[] = [];
  const background: Promise<unknown>[] = [];
  const replica = purgeReplica({ now: clock.now, timeout, random: () => 0, waitMs, report: () => undefined });
  const self = {
    clock,
    log,
    inKv,
    reads,
    replica,
    readKv: (): Promise<Delta | undefined> => Promise.resolve(inKv.delta(undefined)),
    ensure: (maxLagMs = 1000) => replica.ensure(reader, maxLagMs, (work) => void background.push(work)),
    async settled() {
      while (background.length > 0) await Promise.all(background.splice(0));
    },
    stateOf: (tag: string, seq = 0) =>
      replica.stateOf(
        { targets: [targetHash({ kind: "tag", value: tag })], fence: { incarnation: "first", seq } },
        PLACE,
      ).state,
  };
  const reader: LogReader = {
    async since(cursor) {
      const sentAtMs = clock.now();
      return { delta: await log.since(cursor), sentAtMs };
    },
    fallbacks: [
      async () => {
        reads.push(clock.now());
        const delta = await self.readKv();
        return delta && { delta, sentAtMs: Number.NEGATIVE_INFINITY };
      },
    ],
  };
  return self;
}

describe("an outage under steady traffic", () => {
  it.each([
    ["refuses", refuses],
    ["hangs", hangs],
  ])("that %s: the first request past the bound has what KV knows, and all that follow", async (_, down) => {
    const i = isolate();
    await i.ensure();
    i.inKv.purge(["a"], "hard");
    i.log.answer = down;
    for (let step = 0; step < 40; step++) {
      i.clock.advance(0.1);
      const known = await i.ensure();
      if (i.clock.now() % 1000 > 0 && !known) expect(i.stateOf("a")).toBe("gone");
      await Promise.race([i.settled(), new Promise((resolve) => setTimeout(resolve, 2))]);
    }
    expect(i.stateOf("a")).toBe("gone");
    expect(i.reads).toHaveLength(1);
  });

  it("a request that comes while KV is read has its answer, too", async () => {
    const i = isolate(1000);
    await i.ensure();
    i.inKv.purge(["a"], "hard");
    i.log.answer = refuses;
    const gate = barrier<Delta>();
    i.readKv = () => gate.passed;
    i.clock.advance(1.1);
    const first = i.ensure();
    await expect.poll(() => i.reads.length, { interval: 1 }).toBe(1);
    const second = i.ensure();
    expect(second).toBeInstanceOf(Promise);
    gate.open(i.inKv.delta(undefined));
    expect([await first, await second]).toEqual([false, false]);
    expect([i.reads.length, i.stateOf("a")]).toEqual([1, "gone"]);
  });

  it("KV that failed is read again a second later, not half a minute", async () => {
    const i = isolate();
    await i.ensure();
    i.inKv.purge(["a"], "hard");
    i.log.answer = refuses;
    i.readKv = refuses;
    i.clock.advance(1.1);
    await i.ensure();
    i.readKv = () => Promise.resolve(i.inKv.delta(undefined));
    i.clock.advance(1.1);
    await i.ensure();
    await i.settled();
    expect([i.reads.length, i.stateOf("a")]).toEqual([2, "gone"]);
  });

  it("a read of KV that died with its request holds up nobody for long, nor for half a minute", async () => {
    const i = isolate();
    await i.ensure();
    i.inKv.purge(["a"], "hard");
    i.log.answer = refuses;
    i.readKv = hangs;
    i.clock.advance(1.1);
    void i.ensure();
    await expect.poll(() => i.reads.length, { interval: 1 }).toBe(1);
    i.readKv = () => Promise.resolve(i.inKv.delta(undefined));
    i.clock.advance(2.1);
    await i.ensure();
    await expect.poll(() => i.stateOf("a"), { interval: 1 }).toBe("gone");
  });

  it.each([
    ["refuses", refuses],
    ["hangs", hangs],
  ])("that %s: the log is asked four times a second at most, and one request waited", async (_, down) => {
    const i = isolate();
    await i.ensure();
    i.log.answer = down;
    i.clock.advance(1.1);
    await i.ensure();
    const before = i.log.questions.length;
    let waited = 0;
    for (let step = 0; step < 1000; step++) {
      i.clock.advance(0.01);
      if (typeof i.ensure() !== "boolean") waited += 1;
      if (step % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    expect(i.log.questions.length - before).toBeLessThanOrEqual(41);
    expect(waited).toBe(0);
  });
});

describe("a second outage soon after the first", () => {
  it("has KV read at once", async () => {
    const i = isolate();
    i.log.answer = refuses;
    expect(await i.ensure()).toBe(false);
    i.log.answer = undefined;
    i.clock.advance(1.1);
    expect(await i.ensure()).toBe(true);
    i.inKv.purge(["a"], "hard");
    i.log.answer = refuses;
    i.clock.advance(1.1);
    expect(await i.ensure()).toBe(false);
    expect([i.reads.length, i.stateOf("a")]).toEqual([2, "gone"]);
  });
});

describe("healing", () => {
  it.each([
    ["refused", refuses],
    ["hung", hangs],
  ])("of a log that %s is noticed within the bound, whatever the bound", async (_, down) => {
    for (const boundSeconds of [1, 30]) {
      const i = isolate();
      await i.ensure(boundSeconds * 1000);
      i.log.answer = down;
      i.clock.advance(boundSeconds + 0.1);
      for (let step = 0; step < 20; step++) {
        await i.ensure(boundSeconds * 1000);
        i.clock.advance(0.1);
      }
      i.log.purge(["b"], "hard");
      i.log.answer = undefined;
      const healedAtMs = i.clock.now();
      while (i.stateOf("b") !== "gone") {
        expect(i.clock.now() - healedAtMs).toBeLessThanOrEqual(1000);
        await i.ensure(boundSeconds * 1000);
        await new Promise((resolve) => setTimeout(resolve, 0));
        i.clock.advance(0.1);
      }
      expect(await i.ensure(boundSeconds * 1000)).toBe(true);
    }
  });

  it("of one question that failed early: the request past the bound waits for another", async () => {
    const i = isolate();
    await i.ensure();
    i.log.answer = refuses;
    i.clock.advance(0.8);
    expect(i.ensure()).toBe(true);
    await i.settled();
    i.log.answer = undefined;
    i.log.purge(["b"], "hard");
    i.clock.advance(0.3);
    expect(await i.ensure()).toBe(true);
    expect(i.stateOf("b")).toBe("gone");
  });
});

describe("a clock that is set back", () => {
  it("makes nothing younger: what was known is of unknown age", async () => {
    const i = isolate();
    await i.ensure();
    i.clock.advance(-3600);
    i.log.purge(["b"], "hard");
    expect(await i.ensure()).toBe(true);
    expect(i.stateOf("b")).toBe("gone");
    i.clock.advance(0.4);
    expect(i.ensure()).toBe(true);
    i.log.purge(["c"], "hard");
    i.clock.advance(0.7);
    expect(await i.ensure()).toBe(true);
    expect(i.stateOf("c")).toBe("gone");
  });

  it("does not keep requests from waiting, nor from reading KV, for as long as it was set back", async () => {
    const i = isolate();
    i.log.answer = refuses;
    expect(await i.ensure()).toBe(false);
    i.clock.advance(-3600);
    i.inKv.purge(["a"], "hard");
    expect(await i.ensure()).toBe(false);
    expect([i.reads.length, i.stateOf("a")]).toEqual([2, "gone"]);
  });

  it("does not leave strict requests behind a question that died before", async () => {
    const i = isolate();
    i.log.answer = hangs;
    void i.ensure(0);
    i.clock.advance(-3600);
    i.log.answer = undefined;
    expect(await i.ensure(0)).toBe(true);
  });
});
