// Owns how many purges an actor may order: so many at once and so many a second after that. In memory: an object that restarts starts anew.
import { boundedMap } from "../../base/bounded-map.ts";
import type { PurgeOrder } from "../../http/targets/purge-order.ts";

const MAX_ACTORS = 10_000;
/** More than sums of times and shares of a second are rounded by. */
const ROUNDING_MS = 0.01;

export interface RateLimit {
  /** Takes one; `undefined` where it may, else after how many whole seconds it may again. */
  take(actor: string, rate: NonNullable<PurgeOrder["rate"]>, nowMs: number): number | undefined;
}

/** GCRA, a token bucket that keeps one number an actor: when its bucket is full again. */
export function rateLimit(): RateLimit {
  const fullAtMs = boundedMap<string, number>(MAX_ACTORS);
  return {
    take(actor, { perSecond, burst }, nowMs) {
      const eachMs = 1000 / perSecond;
      const held = fullAtMs.get(actor) ?? 0;
      // further ahead than one bucket, the clock was set back or the rate raised: that shuts nobody out
      const before = held - nowMs > burst * eachMs + 1 ? nowMs : Math.max(held, nowMs);
      const waitMs = before + eachMs - burst * eachMs - nowMs;
      if (waitMs > ROUNDING_MS) return Math.max(1, Math.ceil(waitMs / 1000));
      fullAtMs.set(actor, before + eachMs);
      return undefined;
    },
  };
}
