// Owns the clock of a test: it moves only when told to.
import type { Timeout } from "../../src/base/deadline.ts";

/** A Sunday noon; round, so that dates in headers are easy to read. */
export const NOON_MS = Date.UTC(2026, 10, 22, 12, 0, 0);

export interface Clock {
  readonly now: () => number;
  /** Passes when the clock has been moved on by so much. */
  readonly timeout: (ms: number) => Timeout;
  /** How many timeouts are waited for. */
  timeouts(): number;
  /** Moves the clock on, or back. */
  advance(seconds: number): void;
}

export function testClock(startMs = NOON_MS): Clock {
  let nowMs = startMs;
  const waiting = new Set<{ readonly atMs: number; readonly pass: () => void }>();
  return {
    now: () => nowMs,
    timeout(ms) {
      // no time is over at once
      if (ms <= 0) return { passed: Promise.resolve(), cancel: () => undefined };
      const { promise, resolve } = Promise.withResolvers<void>();
      const moment = { atMs: nowMs + ms, pass: resolve };
      waiting.add(moment);
      return { passed: promise, cancel: () => void waiting.delete(moment) };
    },
    timeouts: () => waiting.size,
    advance(seconds) {
      nowMs += seconds * 1000;
      for (const moment of waiting) {
        if (moment.atMs > nowMs) continue;
        waiting.delete(moment);
        moment.pass();
      }
    },
  };
}
