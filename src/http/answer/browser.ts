// Owns freshness for browsers: a rule's own lifetime for them, never looser than the origin's restrictions.
import {
  type Directives,
  parseDirectives,
  type ResponseDirectives,
  responseDirectives,
} from "../message/cache-control.ts";
import { parseHttpDate } from "../message/dates.ts";
import { type FieldReader, type HeaderPairs, readerOf, splitList } from "../message/fields.ts";
import { clamp, type TtlPolicy } from "../law/freshness.ts";
import { statusFacts } from "../message/status-table.ts";

/** Lifetimes for browsers, seconds from now: `default` and the bounds apply to what the origin gives browsers. */
export interface BrowserPolicy extends TtlPolicy {
  readonly staleWhileRevalidate: number | undefined;
  /** Adds `immutable` (RFC 8246) wherever some lifetime is left. */
  readonly immutable: boolean;
  /** The browser keeps it and asks each time: `no-cache` takes the place of every lifetime. */
  readonly validate: boolean;
}

/** The response as it would leave without a policy. */
export interface Leaving {
  /** Of the stored or received response: a 304 or 206 made from a 200 leaves as that 200 would. */
  readonly status: number;
  readonly headers: HeaderPairs;
  /** Value of its Age field, whole seconds; 0 where it has none. */
  readonly ageSeconds: number;
  readonly nowMs: number;
}

/** The largest lifetime that a cache has to represent (RFC 9111 1.2.2). */
const MAX_SECONDS = 2 ** 31 - 1;

/**
 * The header section a client gets. Only statuses that a rule may give a lifetime to are touched, and only Cache-Control and
 * Expires. no-store and no-cache leave everything as it is; private, must-revalidate and all else stays beside the new
 * lifetime. max-age counts from generation (RFC 9111 4.2), so Age is added to what the rule grants.
 */
export function forBrowser(response: Leaving, policy: BrowserPolicy | undefined): HeaderPairs {
  const { status, headers, ageSeconds } = response;
  if (!policy || !statusFacts(status).lifetimeByRule) return headers;
  const field = readerOf(headers);
  const said = parseDirectives(field("cache-control") ?? "");
  const origin = responseDirectives(said);
  if (origin.noStore || origin.noCache) return headers;
  if (policy.validate) return rewritten(headers, ["no-cache"], [...FRESHNESS, "immutable"]);

  const given = lifetimeGiven(field, origin, response);
  const granted = lifetimeGranted(given, ageSeconds, policy);
  const written = new Map<string, string>();
  if (granted !== undefined && granted !== given) written.set("max-age", `max-age=${String(granted)}`);
  const lifetime = granted ?? given ?? 0;
  if (policy.immutable && lifetime > ageSeconds && !origin.immutable) written.set("immutable", "immutable");
  const window = staleWindow(said, origin, policy);
  if (window !== undefined) written.set(SWR, `${SWR}=${String(window)}`);
  return written.size === 0 ? headers : rewritten(headers, [...written.values()], [...written.keys()]);
}

const SWR = "stale-while-revalidate";
/** Directives that `no-cache` makes void. */
const FRESHNESS = ["max-age", SWR];

/** The origin's own lifetime for browsers, seconds from generation; targeted fields are not for them (RFC 9213 2). */
function lifetimeGiven(field: FieldReader, origin: ResponseDirectives, { nowMs }: Leaving): number | undefined {
  if (origin.maxAge !== undefined) return origin.maxAge;
  const expires = field("expires");
  if (expires === undefined) return undefined;
  // an unreadable Expires is in the past (RFC 9111 5.3)
  const expiresMs = parseHttpDate(expires, nowMs) ?? 0;
  const dateMs = parseHttpDate(field("date") ?? "", nowMs) ?? nowMs;
  return Math.max(0, Math.floor((expiresMs - dateMs) / 1000));
}

/** The lifetime after the rule, seconds from generation; `undefined` where neither gives one. */
function lifetimeGranted(given: number | undefined, ageSeconds: number, policy: BrowserPolicy): number | undefined {
  if (policy.ttl !== undefined) return fromGeneration(policy.ttl, ageSeconds);
  const left = given === undefined ? policy.defaultTtl : given - ageSeconds;
  if (left === undefined) return undefined;
  const bounded = clampLeft(left, policy);
  return bounded === left && given !== undefined ? given : fromGeneration(bounded, ageSeconds);
}

/** An expired lifetime stays expired, unless the rule sets a minimum. */
function clampLeft(left: number, policy: BrowserPolicy): number {
  return left < 0 && policy.minTtl === undefined ? left : clamp(left, policy);
}

function fromGeneration(seconds: number, ageSeconds: number): number {
  return Math.min(Math.floor(seconds) + ageSeconds, MAX_SECONDS);
}

/** must-revalidate forbids stale answers (RFC 9111 5.2.2.2); an unchanged window needs no writing. */
function staleWindow(said: Directives, origin: ResponseDirectives, policy: BrowserPolicy): number | undefined {
  const seconds = policy.staleWhileRevalidate;
  if (seconds === undefined || origin.mustRevalidate) return undefined;
  const window = Math.floor(seconds);
  return said.get(SWR) === String(window) ? undefined : window;
}

/**
 * One Cache-Control line: our directives, then the origin's without those that `replaced` names. Ours stand
 * first, since behind an unterminated quoted string they would be part of it.
 */
function rewritten(headers: HeaderPairs, written: readonly string[], replaced: readonly string[]): HeaderPairs {
  const others = splitList(readerOf(headers)("cache-control") ?? "").filter((member) => {
    const [name = ""] = member.split("=", 1);
    return !replaced.includes(name.trim().toLowerCase());
  });
  const expires = replaced.includes("max-age") ? "expires" : undefined;
  const kept = headers.filter(([name]) => {
    const lower = name.toLowerCase();
    // it would contradict another max-age
    return lower !== "cache-control" && lower !== expires;
  });
  return [...kept, ["Cache-Control", [...written, ...others].join(", ")]];
}
