// Owns how long to wait before trying again: twice as long each time, up to a bound, with jitter so that many do not come at once.

export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** After so many failures in a row, at least one; between half and all of the step. `random` is [0, 1). */
export function backoffMs({ firstMs, mostMs }: Backoff, failures: number, random: () => number): number {
  const stepMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), mostMs);
  return stepMs * (0.5 + 0.5 * random());
}
