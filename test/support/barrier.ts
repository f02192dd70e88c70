// Owns barriers: a promise that a test opens by hand, so that it decides which of two things comes first.

export interface Barrier<T> {
  readonly passed: Promise<T>;
  open(value: T): void;
  fail(cause: unknown): void;
}

export function barrier<T = void>(): Barrier<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  // a barrier that fails before anybody waits for it is not an error of the test
  promise.catch(() => undefined);
  return {
    passed: promise,
    open(value) {
      resolve(value);
    },
    fail: reject,
  };
}

/** Lets everything that is ready run: no clock, no waiting. */
export async function turns(count = 20): Promise<void> {
  // one turn after the other is the point
  // oxlint-disable-next-line no-await-in-loop
  for (let i = 0; i < count; i++) await Promise.resolve();
}

/** Polls what has no event to wait for. Rejects at the deadline. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = Date.now() + 5000;
  // each look comes after the one before
  // oxlint-disable-next-line no-await-in-loop
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(`never came true: ${what}`);
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
