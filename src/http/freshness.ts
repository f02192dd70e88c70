// Owns lifetime and age: how long a response may answer, how old it is, how long past that it may still serve
// (RFC 9111 4.2, RFC 5861).
import { parseHttpDate } from "./dates.ts";
import type { RequestFacts, ResponseFacts } from "./facts.ts";
import { deltaSeconds, splitList } from "./fields.ts";
import { statusFacts } from "./status-table.ts";

/** Lifetimes a site's rule sets over the origin's, in seconds. */
export interface LifetimePolicy {
  /** Replaces whatever the origin says. */
  readonly ttl: number | undefined;
  /** Used where the origin gives no explicit lifetime. */
  readonly defaultTtl: number | undefined;
  readonly minTtl: number | undefined;
  readonly maxTtl: number | undefined;
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
  const { lifetimeByRule } = statusFacts(response.status);
  if (policy.ttl !== undefined && lifetimeByRule) return { seconds: policy.ttl, source: "rule" };
  const explicit = explicitLifetime(response);
  if (explicit) return { ...explicit, seconds: clamp(explicit.seconds, policy) };
  if (policy.defaultTtl !== undefined && lifetimeByRule) {
    return { seconds: clamp(policy.defaultTtl, policy), source: "rule" };
  }
  const guessed = heuristicLifetime(request, response);
  return guessed.seconds > 0 ? { ...guessed, seconds: clamp(guessed.seconds, policy) } : guessed;
}

/** How long past its lifetime a response may answer: while it is refreshed, and when the origin fails. Seconds. */
export interface StaleWindows {
  /** Some directives forbid stale answers, whatever else the response or the rule allows (RFC 9111 4.2.4). */
  readonly allowed: boolean;
  readonly whileRevalidate: number;
  readonly ifError: number;
}

export function staleWindows({ governing }: ResponseFacts, policy: LifetimePolicy): StaleWindows {
  const { mustRevalidate, proxyRevalidate, sMaxage, noCache, ...directives } = governing.directives;
  const forbidden = mustRevalidate || proxyRevalidate || sMaxage !== undefined || noCache;
  if (forbidden) return { allowed: false, whileRevalidate: 0, ifError: 0 };
  return {
    allowed: true,
    whileRevalidate: policy.staleWhileRevalidate ?? directives.staleWhileRevalidate ?? 0,
    ifError: policy.staleIfError ?? directives.staleIfError ?? 0,
  };
}

function explicitLifetime(response: ResponseFacts): Lifetime | undefined {
  const { field, directives } = response.governing;
  if (directives.sMaxage !== undefined && field === "cache-control") {
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
  // a targeted field governs alone (RFC 9213 2.2), and one that gives no lifetime leaves nothing to guess from
  if (response.governing.field !== "cache-control" && response.governing.field !== "none") return none;
  if (!statusFacts(response.status).heuristic && !response.governing.directives.public) return none;
  if (request.hasAuthorization || request.field("cookie") !== undefined) return none;
  if (response.field("set-cookie") !== undefined) return none;
  const modified = parseHttpDate(response.field("last-modified") ?? "", response.receivedAtMs);
  if (modified === undefined) return none;
  const guess = (HEURISTIC_SHARE * (dateOf(response) - modified)) / 1000;
  return guess <= 0 ? none : { seconds: Math.min(Math.floor(guess), HEURISTIC_CAP_SECONDS), source: "heuristic" };
}

function clamp(seconds: number, { minTtl = 0, maxTtl = Number.POSITIVE_INFINITY }: LifetimePolicy): number {
  return Math.min(Math.max(seconds, minTtl), maxTtl);
}

/** corrected_initial_age in seconds (RFC 9111 4.2.3). */
export function initialAge(response: ResponseFacts): number {
  const apparent = Math.max(0, response.receivedAtMs - dateOf(response)) / 1000;
  const delay = Math.max(0, response.receivedAtMs - response.requestedAtMs) / 1000;
  return Math.max(apparent, ageField(response.field("age")) + delay);
}

/** The first member counts; what is not 1*DIGIT is ignored (RFC 9111 5.1). */
function ageField(value: string | undefined): number {
  return deltaSeconds(splitList(value ?? "")[0] ?? "") ?? 0;
}

/** The Date field, or the time of receipt where it is absent or unreadable (RFC 9110 6.6.1). */
function dateOf(response: ResponseFacts): number {
  return parseHttpDate(response.field("date") ?? "", response.receivedAtMs) ?? response.receivedAtMs;
}
