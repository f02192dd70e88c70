// Owns the proof that a colo asks a log that is out of reach seldom, and one that is well as if nothing had been.
import { DEFAULT_BOUNDS } from "../../src/flow/support/bounds.ts";
import { expect, it } from "vitest";
import { DependencyError } from "../../src/error.ts";
import { coloCopy } from "../../src/purge/colo/colo-copy.ts";
import type { LogAnswer, LogReader } from "../../src/purge/reader/log-reader.ts";
import type { StoredBlob, BlobCache } from "../../src/purge/colo/blob-cache.ts";
import { type Barrier, barrier, turns } from "../support/barrier.ts";
import { testClock } from "../support/clock.ts";
import { memoryLog } from "../support/log.ts";

const BOUND_MS = 1000;

/** A colo whose questions to the log the test answers by hand. */
function colo(takes: (name: string) => boolean = () => true) {
  const clock = testClock();
  const log = memoryLog();
  const filed = new Map<string, StoredBlob>();
  const blobs: BlobCache = {
    get: (name) => Promise.resolve(filed.get(name)),
    put(name, one) {
      if (takes(name)) filed.set(name, one);
      return Promise.resolve();
    },
  };
  const asked: { readonly answer: Barrier<LogAnswer>; well(): Promise<void> }[] = [];
  let lots = 0;
  const direct: LogReader = {
    async since(cursor) {
      const sentAtMs = clock.now();
      const answer = barrier<LogAnswer>();
      asked.push({ answer, well: async () => answer.open({ delta: await log.since(cursor), sentAtMs }) });
      return answer.passed;
    },
  };
  return {
    clock,
    filed,
    asked,
    /** Another isolate, that needs the log to be no older than the bound. */
    async asks(): Promise<{ readonly answer: Promise<LogAnswer | Error> }> {
      const random = (): number => ((lots += 1) % 97) / 97;
      const report = (): void => undefined;
      const reader = coloCopy(direct, {
        blobs,
        copyMs: DEFAULT_BOUNDS.copyMs,
        now: clock.now,
        timeout: clock.timeout,
        random,
        report,
      });
      const answer = reader.since(undefined, BOUND_MS).catch((cause: unknown) => cause as Error);
      await turns(300);
      return { answer };
    },
    async settle(answer: Promise<LogAnswer | Error>): Promise<number | Error> {
      const got = await answer;
      if (got instanceof Error) return got;
      await got.later;
      return got.sentAtMs;
    },
  };
}

async function answered(c: ReturnType<typeof colo>, which: number): Promise<void> {
  await c.asked[which]?.well();
  await turns(300);
}

it("a refused isolate says so: one tries again at once, the others not before half a second is over", async () => {
  const c = colo();
  const first = await c.asks();
  c.asked[0]?.answer.fail(new Error("reset"));
  expect(await c.settle(first.answer)).toBeInstanceOf(Error);
  // the claim of the one that failed keeps nobody
  const probe = await c.asks();
  expect(c.asked).toHaveLength(2);
  expect(await (await c.asks()).answer).toMatchObject({
    message: expect.stringContaining("others in this colo") as string,
  });
  c.clock.advance(0.49);
  expect(await (await c.asks()).answer).toBeInstanceOf(DependencyError);
  c.clock.advance(0.02);
  await c.asks();
  expect(c.asked).toHaveLength(3);
  // an answer ends it for all
  await answered(c, 1);
  await c.settle(probe.answer);
  expect(await c.settle((await c.asks()).answer)).toBeLessThan(c.clock.now());
  expect(c.asked).toHaveLength(3);
});

it("one that is silent for a second is out of reach; when it has answered after all, nothing has been", async () => {
  const c = colo();
  const slow = await c.asks();
  c.clock.advance(1);
  await turns(300);
  await c.asks();
  expect(await (await c.asks()).answer).toBeInstanceOf(DependencyError);
  const probes = c.asked.length;
  await answered(c, 0);
  await c.settle(slow.answer);
  // too old by now: whoever needs a younger one asks
  c.clock.advance(0.6);
  await c.asks();
  expect(c.asked).toHaveLength(probes + 1);
});

it("a question that fails late hides no later failure", async () => {
  const c = colo();
  const first = await c.asks();
  c.clock.advance(1);
  await turns(300);
  for (let i = 0; i < 12; i++) {
    await c.asks();
    c.clock.advance(1);
    await turns(300);
  }
  c.asked[0]?.answer.fail(new Error("reset"));
  await c.settle(first.answer);
  const before = c.asked.length;
  await c.asks();
  for (let i = 0; i < 5; i++) expect(await (await c.asks()).answer).toBeInstanceOf(DependencyError);
  expect(c.asked).toHaveLength(before + 1);
});

it("an answer that comes late is not filed over a younger one", async () => {
  const c = colo();
  const slow = await c.asks();
  c.clock.advance(0.5);
  const other = await c.asks();
  await answered(c, 1);
  const youngAtMs = await c.settle(other.answer);
  await answered(c, 0);
  await c.settle(slow.answer);
  expect(c.filed.get("tail")?.atMs).toBe(youngAtMs);
});

it("the outage is over with an answer, also where the copy does not take that", async () => {
  const c = colo((name) => name !== "tail");
  const first = await c.asks();
  c.asked[0]?.answer.fail(new Error("reset"));
  await c.settle(first.answer);
  const probe = await c.asks();
  await answered(c, 1);
  await c.settle(probe.answer);
  c.clock.advance(0.3);
  await c.asks();
  await c.asks();
  expect(c.asked.length).toBeGreaterThanOrEqual(3);
  expect(c.filed.get("outage")?.atMs).toBe(0);
});

it("an answer that cannot be read is no outage", async () => {
  const c = colo();
  const first = await c.asks();
  c.asked[0]?.answer.fail(new DependencyError("purge log", "answered in an unknown format"));
  expect(await c.settle(first.answer)).toBeInstanceOf(DependencyError);
  expect(c.filed.has("outage")).toBe(false);
});

it("a log that falls silent is asked by one at a time, from the first moment on", async () => {
  const c = colo();
  const first = await c.asks();
  await answered(c, 0);
  await c.settle(first.answer);
  c.clock.advance(1.1);
  const waiting: Promise<LogAnswer | Error>[] = [];
  for (let ms = 0; ms < 950; ms += 10) {
    waiting.push((await c.asks()).answer);
    c.clock.advance(0.01);
  }
  // one in each quarter of a second
  expect(c.asked.slice(1).length).toBeLessThanOrEqual(4);
  // and when the last of them is answered the others have what they waited for
  await answered(c, c.asked.length - 1);
  for (let ms = 0; ms < 300; ms += 10) {
    c.clock.advance(0.01);
    await turns(100);
  }
  await Promise.all(c.asked.map(({ well }) => well()));
  const all = await Promise.all(waiting.map((answer) => c.settle(answer)));
  expect(all.every((got) => typeof got === "number")).toBe(true);
  expect(c.asked.slice(1).length).toBeLessThanOrEqual(4);
});
