// Owns the clock of a test: it moves only when told to.

/** A Sunday noon; round, so that dates in headers are easy to read. */
export const NOON_MS = Date.UTC(2026, 10, 22, 12, 0, 0);

export interface Clock {
  readonly now: () => number;
  /** Moves the clock on, or back. */
  advance(seconds: number): void;
}

export function testClock(startMs = NOON_MS): Clock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance(seconds) {
      nowMs += seconds * 1000;
    },
  };
}
