// Owns endless background work: a failure is reported, and the step runs again after a pause.
import { backoffMs } from "../backoff.ts";

/** Resolves after `ms`, or at once when aborted. Never rejects. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

// An absent dependency is tried about once a second.
const RESTART = { firstMs: 50, mostMs: 1_000 } as const;

export interface ForeverParts {
  readonly pause: Pause;
  /** [0, 1). */
  readonly random: () => number;
  readonly report: (what: string, error: unknown) => void;
}

export async function forever(
  name: string,
  step: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  { pause, random, report }: ForeverParts,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await step(signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      report(name, error);
      failures += 1;
      await pause(backoffMs(RESTART, failures, random), signal);
    }
  }
}
