// Owns exponential backoff: twice as long each time, up to a bound, with jitter so that many clients do not return at once.

export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** `failures` in a row, at least 1. Returns between half of the step and all of it. `random` is [0, 1). */
export function backoffMs({ firstMs, mostMs }: Backoff, failures: number, random: () => number): number {
  const stepMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), mostMs);
  return stepMs * (0.5 + 0.5 * random());
}
