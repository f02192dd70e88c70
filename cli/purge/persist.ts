// Owns trying again: as often as agreed, after pauses that grow or that the edge asked for, until somebody interrupts.
import { setTimeout as pause } from "node:timers/promises";
import type { Answer } from "./answer.ts";

export interface Persistence {
  /** Further attempts after the first. */
  readonly retries: number;
  readonly signal: AbortSignal;
  /** Told before each pause. */
  onPause(detail: string, ms: number): void;
}

export type Ended<T> =
  | { readonly kind: "done"; readonly value: T }
  | {
      readonly kind: "failed";
      readonly detail: string;
      readonly problems: readonly { readonly pointer: string; readonly detail: string }[];
      /** Some attempt may have been carried out. */
      readonly mayBeDone: boolean;
    };

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;
/** Waits for a rate limit are no failures, yet not without end. */
const MAX_LIMITED = 100;

export async function persist<T>(
  attempt: () => Promise<Answer<T>>,
  { retries, signal, onPause }: Persistence,
): Promise<Ended<T>> {
  let mayBeDone = false;
  let failures = 0;
  let limited = 0;
  const failed = (detail: string): Ended<T> => ({ kind: "failed", detail, problems: [], mayBeDone });
  for (;;) {
    if (signal.aborted) return failed("interrupted");
    const answer = await attempt();
    if (answer.kind === "done") return answer;
    mayBeDone ||= answer.mayBeDone;
    if (answer.kind === "refused") return { ...answer, kind: "failed", mayBeDone };
    if (answer.isLimit) limited += 1;
    else failures += 1;
    if (signal.aborted) return failed("interrupted");
    if (failures > retries || limited > MAX_LIMITED) return failed(answer.detail);
    const grownMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(failures - 1, 0), LONGEST_PAUSE_MS);
    const ms = answer.isLimit ? (answer.afterMs ?? 1000) : Math.max(grownMs, answer.afterMs ?? 0);
    onPause(answer.detail, ms);
    await pause(ms, undefined, { signal }).catch(() => undefined);
  }
}
