// Owns the options of the circuit breaker: when a circuit opens and how long it rests.
import * as v from "valibot";
import { seconds } from "./scalars.ts";

/** When a circuit opens, and how long it then rests. */
export interface BreakerPolicy {
  /** In (0, 1]: the share of requests that must have broken down. */
  readonly share: number;
  /** Least number of requests in the window. */
  readonly requests: number;
  readonly windowSeconds: number;
  /** The first rest; each probe that breaks down doubles it. */
  readonly restSeconds: number;
}

export const breaker = v.union(
  [
    v.literal(false),
    v.strictObject({
      /** Share of requests that must have broken down, above 0 and at most 1. */
      share: v.optional(
        v.pipe(
          v.number("must be a number"),
          v.check((share) => share > 0, "must be above 0"),
          v.maxValue(1, "must be at most 1, which means every request"),
        ),
      ),
      /** Least number of requests in the window. */
      requests: v.optional(
        v.pipe(
          v.number("must be a number of requests"),
          v.integer("must be a whole number of requests"),
          v.minValue(1, "must be at least 1"),
          v.maxValue(10_000, "must be at most 10000"),
        ),
      ),
      /** Requests older than this do not count, seconds. */
      window: v.optional(
        v.pipe(seconds, v.minValue(1, "must be at least 1 second"), v.maxValue(60, "must be at most 60 seconds")),
      ),
      /** How long no request passes, seconds. */
      rest: v.optional(
        v.pipe(seconds, v.minValue(1, "must be at least 1 second"), v.maxValue(300, "must be at most 300 seconds")),
      ),
    }),
  ],
  "must be false or { share, requests, window, rest }",
);

export type BreakerInput = v.InferOutput<typeof breaker>;

const DEFAULTS: BreakerPolicy = { share: 0.5, requests: 50, windowSeconds: 10, restSeconds: 5 };

/** A rule's members go before the site's, and the site's before the defaults; `undefined` where there is no breaker. */
export function breakerPolicy(
  rule: BreakerInput | undefined,
  site: BreakerInput | undefined,
): BreakerPolicy | undefined {
  const chosen = rule ?? site;
  if (chosen === false) return undefined;
  const { share, requests, window, rest } = { ...(site === false ? {} : site), ...chosen };
  return {
    share: share ?? DEFAULTS.share,
    requests: requests ?? DEFAULTS.requests,
    windowSeconds: window ?? DEFAULTS.windowSeconds,
    restSeconds: rest ?? DEFAULTS.restSeconds,
  };
}
