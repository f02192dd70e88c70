// Owns the proof that followers do not wait for a leader whose client does not read its body (decision 024).
import { describe, expect, it } from "vitest";
import { slowClient } from "../../src/flow/fill/slow-client.ts";
import { barrier, turns, until } from "../support/barrier.ts";
import { testClock } from "../support/clock.ts";
import { answer, type TestEdge, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { noise } from "../support/stored.ts";
import { equal } from "../tiers/contract.ts";
import { realColo } from "../support/real-colo.ts";

const MB = 2 ** 20;
const SIZE = 5 * MB;
const CACHED = { "cache-control": "max-age=60" };

/** A body that comes as fast as it is read, with a declared length or without one. */
function body(bytes: Uint8Array, declares: boolean): Response {
  const { readable, writable } = declares ? new FixedLengthStream(bytes.length) : new IdentityTransformStream();
  const writer = writable.getWriter();
  void (async () => {
    for (let i = 0; i < bytes.length; i += MB / 4) await writer.write(bytes.slice(i, i + MB / 4));
    await writer.close();
  })().catch(() => undefined);
  return answer(readable, declares ? { ...CACHED, "content-length": String(bytes.length) } : CACHED);
}

/** Advances the clock by tenths of a second until the condition holds. Returns the seconds that took. */
async function clockedUntil(e: TestEdge, holds: () => boolean, what: string): Promise<number> {
  const startMs = e.clock.now();
  await until(async () => {
    // first finish all work that does not wait for the clock
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (!holds()) e.passes(0.1);
    return holds();
  }, what);
  return (e.clock.now() - startMs) / 1000;
}

async function bytesOf(response: Promise<Response>): Promise<Uint8Array> {
  return new Uint8Array(await (await response).arrayBuffer());
}

describe("a leader whose client does not read", () => {
  it.each([
    ["declared", true],
    ["not declared", false],
  ])(
    "holds followers of a large body up for a second; then one of them leads anew, for all: length %s",
    async (_, declares) => {
      const bytes = noise(SIZE);
      const e = testEdge({ lower: [realColo()], origin: () => body(bytes, declares) });
      const unread = await e.get("/a");
      let done = 0;
      const all = Array.from({ length: 20 }, async () => {
        const got = await bytesOf(e.get("/a"));
        done += 1;
        return got;
      });
      const seconds = await clockedUntil(e, () => done === 20, "all have it");
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(2);
      for (const got of await Promise.all(all)) expect(equal(got, bytes)).toBe(true);
      expect(e.asked).toHaveLength(2);
      // nor is it cut off
      expect(equal(await bytesOf(Promise.resolve(unread)), bytes)).toBe(true);
      await e.idle();
    },
  );

  it("costs a follower a second; several in a row cost it at most four", async () => {
    const bytes = noise(SIZE);
    const e = testEdge({ lower: [realColo()], origin: () => body(bytes, true) });
    const unread: Promise<Response>[] = [];
    for (let i = 0; i < 6; i++) unread.push(e.get("/a"));
    let isDone = false;
    const honest = bytesOf(e.get("/a")).then((got) => {
      isDone = true;
      return got;
    });
    expect(await clockedUntil(e, () => isDone, "the honest one has it")).toBeLessThanOrEqual(5);
    expect(equal(await honest, bytes)).toBe(true);
    for (const each of unread) await (await each).body?.cancel();
    await e.idle();
  });

  it("holds followers up no longer if it requested a range", async () => {
    const bytes = noise(SIZE);
    const e = testEdge({ lower: [realColo()], origin: () => body(bytes, true) });
    const unread = await e.get("/a", { headers: { range: `bytes=100-${String(SIZE - 1)}` } });
    let isDone = false;
    const follower = bytesOf(e.get("/a")).then(() => (isDone = true));
    expect(await clockedUntil(e, () => isDone, "the follower has it")).toBeLessThanOrEqual(2);
    await follower;
    await unread.body?.cancel();
    await e.idle();
  });

  it("that reads on later does not replace a response fetched since", async () => {
    const [old, fresh] = [noise(SIZE), noise(SIZE + 1)];
    const e = testEdge({ lower: [realColo()], origin: () => body(old, true) });
    const unread = await e.get("/a");
    e.origin = () => body(fresh, true);
    let isDone = false;
    const follower = bytesOf(e.get("/a")).then((got) => {
      isDone = true;
      return got;
    });
    await clockedUntil(e, () => isDone, "the follower has it");
    expect(equal(await follower, fresh)).toBe(true);
    expect(equal(await bytesOf(Promise.resolve(unread)), old)).toBe(true);
    await e.idle();
    const hit = await e.get("/a");
    expect(hit.headers.get("x-cache")).toBe("HIT");
    expect(equal(await bytesOf(Promise.resolve(hit)), fresh)).toBe(true);
  });

  it("holds no follower up for a small body", async () => {
    const e = testEdge({ origin: () => body(noise(100_000), true) });
    const unread = await e.get("/a");
    expect((await bytesOf(e.get("/a"))).length).toBe(100_000);
    expect(e.asked).toHaveLength(1);
    await unread.body?.cancel();
    await e.idle();
  });
});

describe("a leader whose client reads", () => {
  it("is waited for, with one fetch for all, as long as the origin takes", async () => {
    const slow = barrier();
    const { readable, writable } = new FixedLengthStream(SIZE);
    const e = testEdge({ lower: [mapTier("colo", MB)] });
    e.origin = () => answer(readable, { ...CACHED, "content-length": String(SIZE) });
    const leader = bytesOf(e.get("/a"));
    const follower = bytesOf(e.get("/a"));
    const writer = writable.getWriter();
    void slow.passed.then(async () => {
      await writer.write(noise(SIZE / 2));
      await writer.close();
    });
    await writer.write(noise(SIZE / 2));
    await turns(500);
    e.passes(10);
    await turns(500);
    slow.open();
    expect([(await leader).length, (await follower).length]).toEqual([SIZE, SIZE]);
    expect(e.asked).toHaveLength(1);
    await e.idle();
  });
});

describe("the patience with a client", () => {
  /** Seconds until followers give up on a client that reads so many bytes a second of a body that comes at once. */
  async function patienceWith(bytesPerSecond: number, seconds: number): Promise<number | undefined> {
    const clock = testClock();
    const patience = slowClient(clock);
    let stalledAt: number | undefined;
    const startMs = clock.now();
    void patience.stalled.then(() => (stalledAt = (clock.now() - startMs) / 1000));
    const piece = 64 * 1024;
    for (let sent = piece; clock.now() - startMs < seconds * 1000; sent += piece) {
      const room = barrier();
      const waiting = patience.waiting(room.passed, sent);
      let left = piece / bytesPerSecond;
      for (; left > 0 && stalledAt === undefined; left -= 0.01) {
        clock.advance(Math.min(0.01, left));
        await turns(5);
      }
      room.open();
      await waiting;
      if (stalledAt !== undefined) return stalledAt;
    }
    return undefined;
  }

  it.each([
    ["that takes nothing", 1, 1],
    ["that takes 50 KB a second", 50_000, 1],
    ["that takes half a MB a second", 500_000, 2],
    ["that takes 1.1 MB a second", 1_100_000, undefined],
  ])("%s ends", async (_, bytesPerSecond, expected) => {
    const stalledAt = await patienceWith(bytesPerSecond, 30);
    if (expected === undefined) expect(stalledAt).toBeUndefined();
    else expect(stalledAt).toBeCloseTo(expected, 0);
  });
});
