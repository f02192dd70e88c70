// Owns the rate limit of purges for each actor: a burst, then so many a second. In memory: an object that restarts starts anew.
import { boundedMap } from "../../base/bounded-map.ts";
import type { PurgeOrder } from "../../http/targets/purge-order.ts";

const MAX_ACTORS = 10_000;
/** Larger than any rounding error of the sums below. */
const ROUNDING_MS = 0.01;

export interface RateLimit {
  /** Takes one purge. `undefined` where the actor may order it; else whole seconds until the actor may. */
  take(actor: string, rate: NonNullable<PurgeOrder["rate"]>, nowMs: number): number | undefined;
}

/** GCRA, a token bucket that keeps one number for each actor: the time when its bucket is full again. */
export function rateLimit(): RateLimit {
  const fullAtMs = boundedMap<string, number>(MAX_ACTORS);
  return {
    take(actor, { perSecond, burst }, nowMs) {
      const eachMs = 1000 / perSecond;
      const held = fullAtMs.get(actor) ?? 0;
      // more than one bucket ahead: the clock was set back or the rate raised, and neither may shut the actor out
      const before = held - nowMs > burst * eachMs + 1 ? nowMs : Math.max(held, nowMs);
      const waitMs = before + eachMs - burst * eachMs - nowMs;
      if (waitMs > ROUNDING_MS) return Math.max(1, Math.ceil(waitMs / 1000));
      fullAtMs.set(actor, before + eachMs);
      return undefined;
    },
  };
}
