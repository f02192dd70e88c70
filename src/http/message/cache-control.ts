// Owns the Cache-Control grammar and what its directives say (RFC 9111 5.2, RFC 5861, RFC 8246). Restrictions fail closed.
import { deltaSeconds, isQuotedString, isToken, splitList, trimOws, unquote } from "./fields.ts";

/** Directives of the field that governs a response. Durations in seconds; a malformed duration counts as 0 (RFC 9111 4.2.1). */
export interface ResponseDirectives {
  readonly noStore: boolean;
  readonly noCache: boolean;
  /** Unqualified, malformed, or qualified with anything but exactly `set-cookie`. */
  readonly private: boolean;
  /** `private="set-cookie"` alone: the response may be stored without that field. */
  readonly privateSetCookie: boolean;
  readonly public: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
  readonly immutable: boolean;
  readonly maxAge: number | undefined;
  readonly sMaxage: number | undefined;
  readonly staleWhileRevalidate: number | undefined;
  readonly staleIfError: number | undefined;
}

/** A client's directives to caches (RFC 9111 5.2.1). `maxStale` is Infinity when given without a number. */
export interface RequestDirectives {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge: number | undefined;
  readonly minFresh: number | undefined;
  readonly maxStale: number | undefined;
}

/** Directive name in lower case -> its argument, `true` when it has none. Of duplicates the first counts (RFC 9111 4.2.1). */
export type Directives = ReadonlyMap<string, string | true>;

export function parseDirectives(value: string): Directives {
  const directives = new Map<string, string | true>();
  let malformed = false;
  for (const member of splitList(value)) {
    const equals = member.indexOf("=");
    const name = trimOws(equals < 0 ? member : member.slice(0, equals)).toLowerCase();
    const raw = equals < 0 ? undefined : trimOws(member.slice(equals + 1));
    malformed ||= !isToken(name) || !(raw === undefined || isToken(raw) || isQuotedString(raw));
    const argument = raw === undefined ? true : unquote(raw);
    const before = directives.get(name);
    if (before === undefined) directives.set(name, argument);
    // two different `private` or `no-cache` lists: together they are broader than either, so they count as unqualified
    else if (QUALIFIABLE.has(name) && before !== argument) directives.set(name, true);
  }
  // a restriction counts wherever its word stands in a broken field: the origin meant it, however badly it wrote
  if (malformed) for (const [word] of value.matchAll(RESTRICTIONS)) directives.set(word.toLowerCase(), true);
  return directives;
}

const RESTRICTIONS = /(?<![\w-])(?:no-store|no-cache|private|must-revalidate|proxy-revalidate)(?![\w-])/gi;

const QUALIFIABLE: ReadonlySet<string> = new Set(["private", "no-cache"]);

export function responseDirectives(directives: Directives): ResponseDirectives {
  const privateArgument = directives.get("private");
  const onlySetCookie = typeof privateArgument === "string" && trimOws(privateArgument).toLowerCase() === "set-cookie";
  return {
    noStore: directives.has("no-store"),
    noCache: directives.has("no-cache"),
    private: privateArgument !== undefined && !onlySetCookie,
    privateSetCookie: onlySetCookie,
    public: directives.has("public"),
    mustRevalidate: directives.has("must-revalidate"),
    proxyRevalidate: directives.has("proxy-revalidate"),
    mustUnderstand: directives.has("must-understand"),
    immutable: directives.has("immutable"),
    maxAge: seconds(directives, "max-age", 0),
    sMaxage: seconds(directives, "s-maxage", 0),
    staleWhileRevalidate: seconds(directives, "stale-while-revalidate", 0),
    staleIfError: seconds(directives, "stale-if-error", 0),
  };
}

const NO_REQUEST_DIRECTIVES: RequestDirectives = {
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAge: undefined,
  minFresh: undefined,
  maxStale: undefined,
};

/** Reads a request's Cache-Control, and its Pragma only where there is no Cache-Control (RFC 9111 5.4). */
export function requestDirectives(cacheControl: string | undefined, pragma: string | undefined): RequestDirectives {
  if (cacheControl === undefined) {
    const noCache = pragma !== undefined && parseDirectives(pragma).has("no-cache");
    return noCache ? { ...NO_REQUEST_DIRECTIVES, noCache } : NO_REQUEST_DIRECTIVES;
  }
  const directives = parseDirectives(cacheControl);
  return {
    noStore: directives.has("no-store"),
    noCache: directives.has("no-cache"),
    onlyIfCached: directives.has("only-if-cached"),
    maxAge: seconds(directives, "max-age", 0),
    minFresh: seconds(directives, "min-fresh", Number.POSITIVE_INFINITY),
    maxStale: directives.get("max-stale") === true ? Number.POSITIVE_INFINITY : seconds(directives, "max-stale", 0),
  };
}

function seconds(directives: Directives, name: string, whenMalformed: number): number | undefined {
  const argument = directives.get(name);
  if (argument === undefined) return undefined;
  return argument === true ? whenMalformed : (deltaSeconds(argument) ?? whenMalformed);
}
