// Owns the breaker before Redis: after a timeout nobody asks for a while, so that a hung server costs one deadline instead of one a call.

export interface Breaker {
  /**
   * False means: do not ask. After the rest one caller may try, and then one in every rest, until the server answers.
   */
  admits(): boolean;
  answered(): void;
  timedOut(): void;
}

export function createBreaker(monotonicMs: () => number, restMs: number): Breaker {
  let restsUntilMs: number | undefined;
  return {
    admits() {
      if (restsUntilMs === undefined) return true;
      if (monotonicMs() < restsUntilMs) return false;
      restsUntilMs = monotonicMs() + restMs;
      return true;
    },
    answered() {
      restsUntilMs = undefined;
    },
    timedOut() {
      restsUntilMs = monotonicMs() + restMs;
    },
  };
}
