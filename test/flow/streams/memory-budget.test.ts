// Owns the proof that bodies on their way stay within the memory budget, and give their reservations back.
import { describe, expect, it } from "vitest";
import type { Clock } from "../../../src/flow/edge.ts";
import { fill } from "../../../src/flow/fill/fill.ts";
import { deadline, type Timeout, timeout } from "../../../src/base/deadline.ts";
import { guarded } from "../../../src/tiers/guard.ts";
import type { Reservation } from "../../../src/tiers/tier.ts";
import { barrier, turns, until } from "../../support/barrier.ts";
import { type TestEdge, testEdge } from "../../support/edge.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesOf } from "../../support/stored.ts";
import { byHand, filling, read } from "../../support/streamed-bodies.ts";

const MB = 2 ** 20;
/** Bytes reserved from the memory budget, at most and now. */
function watchedBudget(e: TestEdge) {
  const seen = { peak: 0, now: 0 };
  const { stack } = e.edge;
  const reserve = (bytes: number): Reservation | undefined => {
    const reservation = stack.reserve(bytes);
    if (!reservation) return undefined;
    let isHeld = true;
    seen.now += bytes;
    seen.peak = Math.max(seen.peak, seen.now + e.memory.usedBytes);
    const release = (): void => {
      if (isHeld) seen.now -= bytes;
      isHeld = false;
      reservation.release();
    };
    return { ...reservation, release };
  };
  return { seen, edge: { ...e.edge, stack: { ...stack, reserve } } };
}

describe("bodies on their way count in the memory budget", () => {
  it.each([
    ["known", true, true],
    ["unknown", false, true],
    ["known, without a colo", true, false],
    ["unknown, without a colo", false, false],
  ])("64 of an eighth of it at once, of a length that is %s", async (_, declares, hasColo) => {
    const size = MB / 4;
    const budget = 2 * MB;
    const lower = hasColo ? [mapTier("colo")] : [];
    const e = testEdge({ lower, memory: { bytes: budget, bodyBytes: size } });
    const { seen, edge } = watchedBudget(e);
    const start = barrier();
    const all = Array.from({ length: 64 }, async (__, i) => {
      const { readable, writer } = byHand(declares ? size : undefined);
      const { body, outcome, done } = fill(edge, filling(readable, declares ? size : undefined, `/${String(i)}`));
      const written = (async () => {
        await writer.write(new Uint8Array(size / 2));
        await start.passed;
        await writer.write(new Uint8Array(size / 2));
        await writer.close();
      })();
      const got = await read(body.getReader());
      await Promise.all([written, done]);
      return [got, await outcome] as const;
    });
    await until(() => seen.peak > budget / 4, "bodies are on their way");
    start.open();
    const ended = await Promise.all(all);
    expect(seen.peak).toBeLessThanOrEqual(budget);
    expect(ended.every(([got]) => got === size)).toBe(true);
    const stored = ended.filter(([, how]) => how === "stored").length;
    if (hasColo) expect(stored).toBe(64);
    else expect(stored).toBeLessThan(64);
    expect(seen.now).toBe(0);
    expect(edge.stack.reserve(budget / 4)).toBeDefined();
  });

  it("until the body breaks off or its client leaves", async () => {
    const e = testEdge({ lower: [guarded(mapTier("colo"), deadline(timeout, 1000), () => undefined)] });
    const { seen, edge } = watchedBudget(e);
    for (const length of [100_000, 5 * MB]) {
      const { readable, writer } = byHand(length);
      const { body, done, outcome } = fill(edge, filling(readable, length));
      const reader = body.getReader();
      void writer.write(bytesOf("1"));
      await reader.read();
      expect(seen.now).toBeGreaterThan(0);
      void writer.abort(new Error("reset"));
      await expect(reader.read()).rejects.toThrow();
      await done;
      expect([seen.now, await outcome]).toEqual([0, "broken"]);
    }
  });
});

describe("a fill's reservation of memory", () => {
  const SIZES: readonly (readonly [string, number])[] = [
    ["small", 100_000],
    ["large", 5 * MB],
  ];

  /** A fill of which one byte has come. */
  function begun(length: number, changes: Partial<Clock> = {}) {
    const e = testEdge({ lower: [guarded(mapTier("colo"), deadline(timeout, 1000), () => undefined)] });
    const { seen, edge } = watchedBudget(e);
    const { readable, writer } = byHand(length);
    const { body } = fill({ ...edge, clock: { ...edge.clock, ...changes } }, filling(readable, length));
    return { e, seen, writer, reader: body.getReader(), first: writer.write(bytesOf("1")) };
  }

  it.each(SIZES)("is given back when nothing comes for 30 s, and nothing may come for ever: %s", async (_, length) => {
    const { e, seen, reader } = begun(length);
    await reader.read();
    await turns();
    expect(seen.now).toBeGreaterThan(0);
    e.passes(30);
    await turns();
    expect([seen.now, e.memory.usedBytes]).toEqual([0, 0]);
  });

  it("is not given back before a slow client has read the collected bytes", async () => {
    const { e, seen, reader, writer, first } = begun(100_000);
    await first;
    // the reader takes the next chunk after it passed on the one before
    await writer.write(bytesOf("2"));
    e.passes(30);
    await turns(50);
    expect([e.reports.length, seen.now]).toEqual([1, 100_000]);
    await reader.read();
    await expect(reader.read()).rejects.toThrow("nothing came");
    await until(() => seen.now === 0, "it is given back");
  });

  it.each(SIZES)("stays while the fill runs, however long: %s", async (_, length) => {
    const { e, seen, reader, writer } = begun(length);
    for (let i = 0; i < 20; i++) {
      await reader.read();
      expect(e.memory.usedBytes).toBe(seen.now);
      expect(seen.now).toBeGreaterThan(0);
      e.passes(20);
      void writer.write(bytesOf("2"));
    }
    expect(e.reports).toEqual([]);
  });

  it.each(SIZES)("comes back a minute after the platform has cut its request off: %s", async (_, length) => {
    // the timers of that request never go off
    const dead: Timeout = { passed: new Promise(() => undefined), cancel: () => undefined };
    const { e, reader } = begun(length, { timeout: () => dead });
    await reader.read();
    await turns();
    expect(e.memory.usedBytes).toBeGreaterThan(0);
    e.passes(60);
    expect(e.memory.usedBytes).toBe(0);
  });
});
