// Owns the breaker before the edge: after a failure, orders fail at once for a while, and the edge is not asked.
import { backoffMs } from "../backoff.ts";
import type { PurgeCdn } from "./port.ts";

const REST = { firstMs: 250, mostMs: 10_000 } as const;

export function withBreaker(
  purge: PurgeCdn,
  { monotonicMs, random }: { readonly monotonicMs: () => number; readonly random: () => number },
): PurgeCdn {
  let failures = 0;
  let restUntilMs = -Infinity;
  let reason = "";
  return async (tags, context) => {
    const leftMs = restUntilMs - monotonicMs();
    if (leftMs > 0) return { status: "failed", failure: "temporary", reason, tags, retryAfterMs: leftMs };
    const failuresBefore = failures;
    const result = await purge(tags, context);
    // A refusal proves that the edge works.
    if (result.status === "done" || result.failure === "refused") {
      failures = 0;
      restUntilMs = -Infinity;
      return result;
    }
    // Concurrent orders that fail together count as one failure.
    failures = failuresBefore + 1;
    ({ reason } = result);
    // The edge's own Retry-After counts where it is longer.
    const restMs = Math.max(backoffMs(REST, failures, random), result.retryAfterMs ?? 0);
    restUntilMs = monotonicMs() + restMs;
    return { ...result, retryAfterMs: restMs };
  };
}
