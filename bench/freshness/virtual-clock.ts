// Owns a clock of millisecond steps that moves when all work before is done, so that a simulation runs as fast as it can.
import type { Timeout } from "../../src/base/deadline.ts";

export interface VirtualClock {
  now(): number;
  /** As a deadline of the worker's, on this clock. */
  timeout(ms: number): Timeout;
  /** Passes after so many milliseconds; at least one. */
  pause(ms: number): Promise<void>;
  at(ms: number, run: () => void): void;
  /** Moves on to a time, step by step; all that is ready runs before the next step. */
  run(untilMs: number): Promise<void>;
}

export function virtualClock(startMs: number): VirtualClock {
  let nowMs = startMs;
  const steps = new Map<number, (() => void)[]>();

  function at(ms: number, run: () => void): void {
    const step = Math.max(nowMs + 1, Math.ceil(ms));
    const there = steps.get(step);
    if (there) there.push(run);
    else steps.set(step, [run]);
  }

  return {
    now: () => nowMs,
    at,
    timeout(ms) {
      const { promise, resolve } = Promise.withResolvers<void>();
      let isOver = false;
      at(nowMs + ms, () => {
        if (!isOver) resolve();
      });
      return {
        passed: promise,
        cancel() {
          isOver = true;
        },
      };
    },
    pause: (ms) =>
      new Promise((resolve) => {
        at(nowMs + ms, resolve);
      }),
    async run(untilMs) {
      while (nowMs < untilMs) {
        nowMs += 1;
        const due = steps.get(nowMs);
        if (!due) continue;
        steps.delete(nowMs);
        for (const run of due) run();
        // promises settle before a macrotask comes
        await new Promise(setImmediate);
      }
    },
  };
}
