// Owns moments to come, and work that may miss one.

/** `passed` resolves when the time is over, unless it was cancelled before. */
export interface Timeout {
  readonly passed: Promise<void>;
  cancel(): void;
}

export function timeout(ms: number): Timeout {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return {
    passed: promise,
    cancel() {
      clearTimeout(timer);
    },
  };
}

/** Calls back when the time is over; what it returns prevents that. */
export function after(limit: Timeout, then: () => void): () => void {
  void limit.passed.then(then);
  return limit.cancel;
}

export const LATE = Symbol("late");

/** What the work comes to, or `LATE`; the work goes on then. Cancels the timeout when it has been of use. */
export async function within<T>(limit: Timeout, work: Promise<T>): Promise<T | typeof LATE> {
  try {
    return await Promise.race([work, limit.passed.then((): typeof LATE => LATE)]);
  } finally {
    limit.cancel();
  }
}

/** Work that rejects where it takes longer than `ms`. */
export function deadline(timeouts: (ms: number) => Timeout, ms: number): <T>(work: Promise<T>) => Promise<T> {
  return async (work) => {
    const done = await within(timeouts(ms), work);
    if (done === LATE) throw new Error(`no answer within ${String(ms)} ms`);
    return done;
  };
}
