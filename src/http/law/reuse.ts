// Owns the first question of a cache: may I answer from what I hold? (RFC 9111 4)
import { rangeApplies } from "../message/conditional.ts";
import type { RequestFacts } from "../message/facts.ts";
import { holds, isCompletable } from "./parts.ts";
import type { ReasonCode } from "./reasons.ts";
import type { ContentRange } from "../message/range.ts";
import { remainingSeconds, shownValidators, type Stored } from "./stored.ts";

/** How the purge log judges one stored response. */
export type PurgeState =
  | { readonly state: "clear" }
  /** Must not be used, nor its validators. */
  | { readonly state: "gone"; readonly reason: "purged" | "purge-floor" | "purge-log-changed" }
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
  /** `stored` is the beginning of the wanted bytes: ask the origin for the rest (3.3). */
  | { readonly verdict: "complete"; readonly stored: Stored; readonly reason: ReasonCode }
  /** Ask the origin for the whole. `clientConditionals`: with the client's conditionals, because the answer is probably for this client alone. */
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
  const forwards = decided.verdict !== "fresh" && decided.verdict !== "stale-while-revalidate";
  // 5.2.1.7: obeyed even where a rule ignores other client directives, because it can only lower the origin's load
  return forwards && request.directives.onlyIfCached ? { verdict: "unsatisfiable", reason: "only-if-cached" } : decided;
}

function judge(request: RequestFacts, stored: Stored, purge: PurgeState, policy: ReusePolicy, nowMs: number): Reuse {
  if (purge.state === "gone") return fetch(request, purge.reason);
  // 3.5: neither the response nor its validators are this client's to see
  if (request.hasAuthorization && !stored.forAuthorization) return fetch(request, "authorization");
  if (request.hasSession && !stored.forSession) return fetch(request, "session-cookie");
  // a part that cannot answer this request is not validated: a 304 would not help
  const validate = (reason: ReasonCode): Reuse =>
    stored.part ? fetch(request, reason) : { verdict: "revalidate", stored, reason };
  if (purge.state === "unknown") return validate("purge-unknown");
  if (purge.state === "validate") return validate("soft-purged");
  if (stored.alwaysValidate) return validate("no-cache");
  const asked = policy.honourClient ? request.directives : undefined;
  // 5.2.1.4
  if (asked?.noCache) return validate("request-no-cache");
  const remaining = freshSeconds(stored, purge, nowMs);
  const age = stored.lifetimeSeconds - remainingSeconds(stored, nowMs);
  if (remaining <= 0 && stored.part) return fetch(request, "stale");
  if (remaining <= 0) return judgeStale(stored, { age, staleFor: -remaining }, asked, validate);
  // 5.2.1.1, 5.2.1.3
  if (asked?.maxAge !== undefined && age > asked.maxAge) return validate("request-max-age");
  if (asked?.minFresh !== undefined && remaining < asked.minFresh) return validate("request-max-age");
  return stored.part ? judgePart(request, stored, stored.part, nowMs) : { verdict: "fresh", stored, reason: "fresh" };
}

/** 3.3: an incomplete response answers a range that lies within it, or is completed. */
function judgePart(request: RequestFacts, stored: Stored, part: ContentRange, nowMs: number): Reuse {
  const { range } = request;
  // this client may have received the beginning of a text in a content coding
  const isNegotiated = stored.compressible === true && request.field("accept-encoding") !== undefined;
  if (range && rangeApplies(request.field, shownValidators(stored), isNegotiated, nowMs)) {
    return holds(part, range) ? { verdict: "fresh", stored, reason: "fresh" } : fetch(request, "partial");
  }
  const completes = request.method === "GET" && isCompletable(part, stored.etag);
  return completes ? { verdict: "complete", stored, reason: "partial" } : fetch(request, "partial");
}

/** Seconds until it is stale, by age or by a soft purge; negative afterwards. */
export function freshSeconds(stored: Stored, purge: PurgeState, nowMs: number): number {
  const byAge = remainingSeconds(stored, nowMs);
  // a log whose clock is ahead of ours purges now, not later
  return purge.state === "stale" ? Math.min(byAge, 0, (purge.sinceMs - nowMs) / 1000) : byAge;
}

/** `age` and `staleFor` in seconds. */
function judgeStale(
  stored: Stored,
  { age, staleFor }: { readonly age: number; readonly staleFor: number },
  asked: RequestFacts["directives"] | undefined,
  validate: (reason: ReasonCode) => Reuse,
): Reuse {
  const { maxStale, maxAge = Number.POSITIVE_INFINITY, minFresh } = asked ?? {};
  // 5.2.1.1: beside max-stale, max-age bounds the age alone; min-fresh wants no stale response at all
  if (
    maxStale !== undefined &&
    stored.staleAllowed &&
    staleFor <= maxStale &&
    age <= maxAge &&
    minFresh === undefined
  ) {
    return { verdict: "fresh", stored, reason: "max-stale" };
  }
  // a client that states how old or fresh it wants a response does not want a stale one (5.2.1.1, 5.2.1.3)
  const particular = asked?.maxAge !== undefined || minFresh !== undefined;
  if (staleFor < stored.staleWhileRevalidateSeconds && !particular) {
    return { verdict: "stale-while-revalidate", stored, reason: "stale-while-revalidate" };
  }
  return validate("stale");
}

function fetch(request: RequestFacts, reason: ReasonCode): Reuse {
  return { verdict: "fetch", reason, clientConditionals: request.hasAuthorization || request.hasSession };
}
