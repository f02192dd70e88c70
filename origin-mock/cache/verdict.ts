// Owns the verdict on a loaded value: stored and for how long, remembered as absent, or not stored.
import { entryText, type Verdict } from "./entries.ts";

/** How long a query wants its values stored. */
export interface Keeping<T> {
  /**
   * Capped by the cache, and shortened by up to a tenth at random, so that entries filled together do not expire
   * together.
   */
  readonly ttlMs: number;
  /** How long absence is remembered. */
  readonly negativeMs?: number;
  /** False for a value that is not worth storing, such as an empty page. */
  readonly keep?: (value: T) => boolean;
}

const JITTER = 0.1;

export type Verdicts = ReturnType<typeof createVerdicts>;

export function createVerdicts(parts: {
  readonly random: () => number;
  readonly maxTtlMs: number;
  readonly leaseMs: number;
}) {
  const lifetimeMs = (ttlMs: number): number =>
    Math.max(1, Math.round(Math.min(ttlMs, parts.maxTtlMs) * (1 - JITTER * parts.random())));
  // During a lease's lifetime nobody queues behind a load whose answer cannot be shared.
  const unshared: Verdict = { what: "unshared", lifetimeMs: parts.leaseMs };
  return {
    of<T>(value: T | undefined, { ttlMs, negativeMs, keep }: Keeping<T>): Verdict {
      if (value === undefined) {
        return negativeMs === undefined ? unshared : { what: "none", lifetimeMs: lifetimeMs(negativeMs) };
      }
      const text = keep?.(value) === false ? undefined : entryText(value);
      return text === undefined ? unshared : { what: "value", text, lifetimeMs: lifetimeMs(ttlMs) };
    },
  };
}
