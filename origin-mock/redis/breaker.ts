// Owns the decision not to ask a server that has just not answered: so that a hung one costs one deadline, not one a call.

export interface Breaker {
  /** False: do not ask. After a rest one caller is let through to try, and then one in every rest, until one is answered. */
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
