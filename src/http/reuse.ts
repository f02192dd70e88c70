// Owns the first question of a cache: may I answer from what I hold? (RFC 9111 4)
import type { RequestFacts } from "./facts.ts";
import type { ReasonCode } from "./reasons.ts";
import { remainingSeconds, type Stored } from "./stored.ts";

/** What the purge log says of one stored response. */
export type PurgeState =
  | { readonly state: "clear" }
  /** Must not be used, nor its validators. */
  | { readonly state: "gone"; readonly reason: "purged" | "purge-log-changed" }
  /** Must be validated before it answers. */
  | { readonly state: "validate" }
  /** Stale since this moment. */
  | { readonly state: "stale"; readonly sinceMs: number }
  /** The log cannot be reached and the rule prefers validation. */
  | { readonly state: "unknown" };

/** How a lookup ended without a stored response. */
export type Absence = "uri-miss" | "vary-miss";

export interface ReusePolicy {
  /** Whether a client's Cache-Control may force the edge to go to the origin. */
  readonly honourClient: boolean;
}

export type Reuse =
  | { readonly verdict: "fresh"; readonly stored: Stored; readonly reason: ReasonCode }
  | { readonly verdict: "stale-while-revalidate"; readonly stored: Stored; readonly reason: ReasonCode }
  /** Ask the origin whether `stored` is still good. */
  | { readonly verdict: "revalidate"; readonly stored: Stored; readonly reason: ReasonCode }
  /** Ask the origin for the whole; `clientConditionals` are passed on where the answer is probably for this client alone. */
  | { readonly verdict: "fetch"; readonly reason: ReasonCode; readonly clientConditionals: boolean }
  | { readonly verdict: "unsatisfiable"; readonly reason: ReasonCode };

export function reuse(
  request: RequestFacts,
  held: Stored | Absence,
  purge: PurgeState,
  policy: ReusePolicy,
  nowMs: number,
): Reuse {
  const decided = typeof held === "string" ? fetch(request, held) : judge(request, held, purge, policy, nowMs);
  const forwards = decided.verdict === "fetch" || decided.verdict === "revalidate";
  // 5.2.1.7: obeyed even where other client directives are not: it can only lower origin load
  return forwards && request.directives.onlyIfCached ? { verdict: "unsatisfiable", reason: "only-if-cached" } : decided;
}

function judge(request: RequestFacts, stored: Stored, purge: PurgeState, policy: ReusePolicy, nowMs: number): Reuse {
  if (purge.state === "gone") return fetch(request, purge.reason);
  // 3.5: neither the response nor its validators are this client's to see
  if (request.hasAuthorization && !stored.forAuthorization) return fetch(request, "authorization");
  if (request.hasSession && !stored.forSession) return fetch(request, "session-cookie");
  const validate = (reason: ReasonCode): Reuse => ({ verdict: "revalidate", stored, reason });
  if (purge.state === "unknown") return validate("purge-unknown");
  if (purge.state === "validate") return validate("soft-purged");
  if (stored.alwaysValidate) return validate("no-cache");
  const asked = policy.honourClient ? request.directives : undefined;
  // 5.2.1.4
  if (asked?.noCache) return validate("request-no-cache");
  const remaining = freshSeconds(stored, purge, nowMs);
  if (remaining <= 0) return judgeStale(stored, -remaining, asked, validate);
  const age = stored.lifetimeSeconds - remainingSeconds(stored, nowMs);
  // 5.2.1.1, 5.2.1.3
  if (asked?.maxAge !== undefined && age > asked.maxAge) return validate("request-max-age");
  if (asked?.minFresh !== undefined && remaining < asked.minFresh) return validate("request-max-age");
  return { verdict: "fresh", stored, reason: "fresh" };
}

/** Seconds until it is stale, by age or by a soft purge; negative afterwards. */
export function freshSeconds(stored: Stored, purge: PurgeState, nowMs: number): number {
  const byAge = remainingSeconds(stored, nowMs);
  // a log whose clock is ahead of ours purges now, not later
  return purge.state === "stale" ? Math.min(byAge, 0, (purge.sinceMs - nowMs) / 1000) : byAge;
}

function judgeStale(
  stored: Stored,
  staleSeconds: number,
  asked: RequestFacts["directives"] | undefined,
  validate: (reason: ReasonCode) => Reuse,
): Reuse {
  // a client that states how old or fresh it wants a response does not want a stale one (5.2.1.1, 5.2.1.3)
  const particular = asked?.maxAge !== undefined || asked?.minFresh !== undefined;
  const maxStale = asked?.maxStale;
  if (maxStale !== undefined && stored.staleAllowed && staleSeconds <= maxStale && !particular) {
    return { verdict: "fresh", stored, reason: "max-stale" };
  }
  if (staleSeconds < stored.staleWhileRevalidateSeconds && !particular) {
    return { verdict: "stale-while-revalidate", stored, reason: "stale-while-revalidate" };
  }
  return validate("stale");
}

function fetch(request: RequestFacts, reason: ReasonCode): Reuse {
  return { verdict: "fetch", reason, clientConditionals: request.hasAuthorization || request.hasSession };
}
