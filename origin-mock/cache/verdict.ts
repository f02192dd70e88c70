// Owns what becomes of a loaded value: kept and for how long, remembered as absent, or not kept.
import { entryText, type Verdict } from "./entries.ts";

/** How a query wants its values kept. */
export interface Keeping<T> {
  /** Shortened to the cache's longest, and by up to a tenth at random, so that what was filled together does not end together. */
  readonly ttlMs: number;
  /** For so long it is remembered that there is none. */
  readonly negativeMs?: number;
  /** What is not worth keeping (an empty page, say) is answered and forgotten. */
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
  // For as long as a lease lives nobody queues behind a load whose answer cannot be shared.
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
