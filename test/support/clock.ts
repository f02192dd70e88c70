// Owns the clock of a test: it moves only when told to.

/** A Sunday noon; round, so that dates in headers are easy to read. */
export const NOON_MS = Date.UTC(2026, 10, 22, 12, 0, 0);

export interface Clock {
  readonly now: () => number;
  readonly timer: (ms: number, then: () => void) => () => void;
  /** How many timers are set. */
  timers(): number;
  /** Moves the clock on, or back; timers that are due by then run. */
  advance(seconds: number): void;
}

export function testClock(startMs = NOON_MS): Clock {
  let nowMs = startMs;
  const timers = new Map<() => void, number>();
  return {
    now: () => nowMs,
    timer(ms, then) {
      const due = (): void => {
        then();
      };
      timers.set(due, nowMs + ms);
      return () => void timers.delete(due);
    },
    timers: () => timers.size,
    advance(seconds) {
      nowMs += seconds * 1000;
      for (const [due] of [...timers].filter(([, atMs]) => atMs <= nowMs)) {
        timers.delete(due);
        due();
      }
    },
  };
}
