// Owns timeouts, and work that may take no longer than one.

/** `passed` resolves when the time is over, unless it was cancelled before. */
export interface Timeout {
  readonly passed: Promise<void>;
  cancel(): void;
}

/** Milliseconds. An argument wherever a test sets the clock. */
export type SetTimeout = (ms: number) => Timeout;

export function timeout(ms: number): Timeout {
  const { promise: passed, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return { passed, cancel: () => clearTimeout(timer) };
}

/** Calls back when the time is over; the function it returns prevents that. */
export function after(limit: Timeout, then: () => void): () => void {
  void limit.passed.then(then);
  return limit.cancel;
}

export const LATE = Symbol("late");

/** The result of the work, or `LATE` when the time is over first; the work goes on then. Cancels the timeout once the work is done. */
export async function within<T>(limit: Timeout, work: Promise<T>): Promise<T | typeof LATE> {
  try {
    return await Promise.race([work, limit.passed.then((): typeof LATE => LATE)]);
  } finally {
    limit.cancel();
  }
}

/** Makes work reject when it takes longer than `ms`; the work goes on then. */
export function deadline(timeouts: SetTimeout, ms: number): <T>(work: Promise<T>) => Promise<T> {
  return async (work) => {
    const done = await within(timeouts(ms), work);
    if (done === LATE) throw new Error(`no answer within ${String(ms)} ms`);
    return done;
  };
}
