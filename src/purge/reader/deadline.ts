// Owns waiting for a dependency no longer than agreed.

/** `passed` resolves when the time is over, unless it was cancelled before. */
export interface Deadline {
  readonly passed: Promise<void>;
  cancel(): void;
}

export type SetDeadline = (ms: number) => Deadline;

/** What the work comes to, or `undefined` when the time is over; the work goes on then. */
export async function before<T>(deadline: Deadline, work: Promise<T>): Promise<T | undefined> {
  try {
    return await Promise.race([work, deadline.passed.then(() => undefined)]);
  } finally {
    deadline.cancel();
  }
}
