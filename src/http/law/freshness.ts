// Owns lifetime and age: how long a response may answer, how old it is, how long past that it may still serve
// (RFC 9111 4.2, RFC 5861).
import { parseHttpDate } from "../message/dates.ts";
import type { RequestFacts, ResponseFacts } from "../message/facts.ts";
import { deltaSeconds, splitList } from "../message/fields.ts";
import { isAnonymous } from "./anonymous.ts";
import { isStorableStatus, mayDependOnRequest, statusFacts } from "../message/status-table.ts";

/** A site's rule on lifetimes that the origin gives, in seconds. */
export interface TtlPolicy {
  /** Replaces whatever the origin says. */
  readonly ttl: number | undefined;
  /** Used where the origin gives no explicit lifetime. */
  readonly defaultTtl: number | undefined;
  readonly minTtl: number | undefined;
  readonly maxTtl: number | undefined;
}

/** Lifetimes a site's rule sets over the origin's, in seconds. */
export interface LifetimePolicy extends TtlPolicy {
  /** Status ("404") or class ("5xx") -> what takes the place of the policy above for it; an exact status goes first. */
  readonly byStatus: ReadonlyMap<string, TtlPolicy>;
  readonly staleWhileRevalidate: number | undefined;
  readonly staleIfError: number | undefined;
}

export interface Lifetime {
  readonly seconds: number;
  readonly source: "rule" | "s-maxage" | "max-age" | "expires" | "heuristic" | "none";
}

const HEURISTIC_SHARE = 0.1;
const HEURISTIC_CAP_SECONDS = 7 * 24 * 3600;

/** How long the response is fresh, counted from its generation (RFC 9111 4.2.1). */
export function lifetimeOf(request: RequestFacts, response: ResponseFacts, policy: LifetimePolicy): Lifetime {
  const named = policyFor(request, response.status, policy);
  const lifetime = ruledLifetime(request, response, named ?? policy, named !== undefined);
  if (named || !mayDependOnRequest(response.status)) return lifetime;
  return { ...lifetime, seconds: Math.min(lifetime.seconds, initialAge(response) + ERROR_SECONDS) };
}

/** How long an error that one request may have provoked may answer other clients, in seconds, unless a rule names its status. */
const ERROR_SECONDS = 10;

function ruledLifetime(
  request: RequestFacts,
  response: ResponseFacts,
  { ttl, defaultTtl, ...bounds }: TtlPolicy,
  isNamed: boolean,
): Lifetime {
  // a rule that names the status means errors, too; any other rule means answers about the resource
  const byRule = isNamed || statusFacts(response.status).lifetimeByRule;
  if (ttl !== undefined && byRule) return { seconds: ttl, source: "rule" };
  const explicit = explicitLifetime(response);
  if (explicit) return clamped(explicit, bounds);
  if (defaultTtl !== undefined && byRule) return { seconds: clamp(defaultTtl, bounds), source: "rule" };
  const guessed = heuristicLifetime(request, response);
  return guessed.seconds > 0 ? clamped(guessed, bounds) : guessed;
}

/** A lifetime that a rule made longer is the rule's decision, not the origin's. */
function clamped(lifetime: Lifetime, bounds: Pick<TtlPolicy, "minTtl" | "maxTtl">): Lifetime {
  const seconds = clamp(lifetime.seconds, bounds);
  return { seconds, source: seconds > lifetime.seconds ? "rule" : lifetime.source };
}

/**
 * The rule's lifetime for exactly this status, or for its class. A part has the lifetime of its whole; a validation answer has none of its
 * own. A class does not apply to a request with something that no key holds: this client may have provoked the status.
 */
function policyFor(request: RequestFacts, given: number, { byStatus }: LifetimePolicy): TtlPolicy | undefined {
  const status = given === 206 ? 200 : given;
  if (byStatus.size === 0 || !isStorableStatus(status)) return undefined;
  const exact = byStatus.get(String(status));
  if (exact || (mayDependOnRequest(status) && !isAnonymous(request))) return exact;
  return byStatus.get(`${String(Math.floor(status / 100))}xx`);
}

/** How long past its lifetime a response may answer: while it is refreshed, and when the origin fails. Seconds. */
export interface StaleWindows {
  /** Some directives forbid stale answers, whatever else the response or the rule allows (RFC 9111 4.2.4). */
  readonly allowed: boolean;
  readonly whileRevalidate: number;
  readonly ifError: number;
}

export function staleWindows({ governing, status }: ResponseFacts, policy: LifetimePolicy): StaleWindows {
  const { mustRevalidate, proxyRevalidate, sMaxage, noCache, ...directives } = governing.directives;
  // an error that one request may have provoked gets no stale window, either
  const isPassing = mayDependOnRequest(status) && !policy.byStatus.has(String(status));
  const forbidden = mustRevalidate || proxyRevalidate || sMaxage !== undefined || noCache || isPassing;
  if (forbidden) return { allowed: false, whileRevalidate: 0, ifError: 0 };
  return {
    allowed: true,
    whileRevalidate: policy.staleWhileRevalidate ?? directives.staleWhileRevalidate ?? 0,
    ifError: policy.staleIfError ?? directives.staleIfError ?? 0,
  };
}

/** The lifetime that the response itself gives (RFC 9111 4.2.1). */
export function explicitLifetime(response: ResponseFacts): Lifetime | undefined {
  const { field, directives } = response.governing;
  if (directives.sMaxage !== undefined) {
    return { seconds: directives.sMaxage, source: "s-maxage" };
  }
  if (directives.maxAge !== undefined) return { seconds: directives.maxAge, source: "max-age" };
  if (field !== "cache-control" && field !== "none") return undefined;
  const expires = response.field("expires");
  if (expires === undefined) return undefined;
  // an unreadable Expires is in the past (RFC 9111 5.3)
  const expiresMs = parseHttpDate(expires, response.receivedAtMs) ?? 0;
  return { seconds: Math.max(0, (expiresMs - dateOf(response)) / 1000), source: "expires" };
}

function heuristicLifetime(request: RequestFacts, response: ResponseFacts): Lifetime {
  const none: Lifetime = { seconds: 0, source: "none" };
  // a targeted field governs alone (RFC 9213 2.2): if it gives no lifetime, there is no heuristic one either
  if (response.governing.field !== "cache-control" && response.governing.field !== "none") return none;
  if (!statusFacts(response.status).heuristic && !response.governing.directives.public) return none;
  if (request.hasAuthorization || request.field("cookie") !== undefined) return none;
  if (response.field("set-cookie") !== undefined) return none;
  const modified = parseHttpDate(response.field("last-modified") ?? "", response.receivedAtMs);
  if (modified === undefined) return none;
  const guess = (HEURISTIC_SHARE * (dateOf(response) - modified)) / 1000;
  return guess <= 0 ? none : { seconds: Math.min(Math.floor(guess), HEURISTIC_CAP_SECONDS), source: "heuristic" };
}

/** `seconds` within the bounds of a rule. */
export function clamp(
  seconds: number,
  { minTtl = 0, maxTtl = Number.POSITIVE_INFINITY }: Pick<TtlPolicy, "minTtl" | "maxTtl">,
): number {
  return Math.min(Math.max(seconds, minTtl), maxTtl);
}

/** corrected_initial_age in seconds (RFC 9111 4.2.3). */
export function initialAge(response: ResponseFacts): number {
  const apparent = Math.max(0, response.receivedAtMs - dateOf(response)) / 1000;
  const delay = Math.max(0, response.receivedAtMs - response.requestedAtMs) / 1000;
  return Math.max(apparent, ageField(response.field("age")) + delay);
}

/** The first member counts; anything but 1*DIGIT is ignored (RFC 9111 5.1). */
function ageField(value: string | undefined): number {
  return deltaSeconds(splitList(value ?? "")[0] ?? "") ?? 0;
}

/** The Date field, or the time of receipt where it is absent or unreadable (RFC 9110 6.6.1). */
function dateOf(response: ResponseFacts): number {
  return parseHttpDate(response.field("date") ?? "", response.receivedAtMs) ?? response.receivedAtMs;
}
