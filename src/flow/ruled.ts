// Owns what a rule makes of a request, before key and fetch, and of its answer: one reading for all that follows.
import { type CookieFacts, cookieFacts, NO_COOKIES } from "../http/cookies.ts";
import { type RequestFacts, type ResponseFacts, responseFacts } from "../http/facts.ts";
import { type FieldReader, splitList } from "../http/fields.ts";
import { reducedQuery } from "../http/query.ts";
import { declaredFields, namedCookies, reducedReader } from "../http/reduce.ts";
import { withDeclaredVary } from "../http/vary.ts";
import type { Rule } from "../policy/define.ts";
import type { Place } from "../tiers/tier.ts";

/**
 * The request with its query, its cookies and its declared fields reduced: what is keyed on is what the origin receives. Fragment
 * marks count as declared.
 */
export function ruledRequest(facts: RequestFacts, rule: Rule): RequestFacts {
  const { query, vary } = rule;
  const { location, fragments } = facts;
  const reduced = query ? { ...location, query: reducedQuery(location.query, query) } : location;
  const cookies = ruledCookies(facts, rule);
  const isDisguised = facts.names.includes("x-requested-with") && !fragments.includes("x-requested-with");
  if (!vary && fragments.length === 0 && !cookies && !isDisguised)
    return query ? { ...facts, location: reduced } : facts;
  const read = vary ? reducedReader(facts.field, vary) : facts.field;
  const field: FieldReader = (name) => {
    if (name === "cookie" && cookies) return cookies.forwardedCookie;
    return isDisguised && name === "x-requested-with" ? undefined : read(name);
  };
  const declared = withNames(vary ? declaredFields(vary) : [], fragments);
  const unkeyed = facts.unkeyed.filter((name) => !declared.includes(name));
  return { ...facts, ...cookies, location: reduced, field, declared, unkeyed };
}

/** The cookies that a fetch for the cache takes along, and what is left of them to tell people apart; nothing where there are none. */
function ruledCookies(facts: RequestFacts, { vary, ignoresCookies }: Rule): CookieFacts | undefined {
  const { field, naming, hasSession, hasUnknownCookie, hasPreview, forwardedCookie } = facts;
  const sent = field("cookie");
  if (sent === undefined) return undefined;
  if (ignoresCookies) return NO_COOKIES;
  if (!vary?.cookies) return { hasSession, hasUnknownCookie, hasPreview, forwardedCookie };
  // those that the rule names are keyed; a session that the origin does not see is none
  const named = namedCookies(sent, vary.cookies);
  return { ...cookieFacts(named, naming.cookieGroupOf), hasUnknownCookie: false, forwardedCookie: named };
}

/**
 * The request as its resource's known variants need it: one without a mark is told apart from those with it, and a field that they vary
 * on is in the key of its variant.
 */
export function keyedRequest(facts: RequestFacts, index: Place["index"]): RequestFacts {
  if (!index) return facts;
  const { naming, declared, unkeyed } = facts;
  const marks = index.fields.filter((name) => naming.groupOf(name) === "fragment");
  const indexed = unkeyed.filter((name) => index.fields.includes(name));
  if (marks.length === 0 && indexed.length === 0) return facts;
  const others = unkeyed.filter((name) => !indexed.includes(name));
  return {
    ...facts,
    declared: withNames(declared, marks),
    unkeyed: others,
    indexed: withNames(facts.indexed, indexed),
  };
}

function withNames(names: readonly string[], others: readonly string[]): readonly string[] {
  const missing = others.filter((name) => !names.includes(name));
  return missing.length === 0 ? names : [...names, ...missing].sort();
}

/** The answer without the cookies a rule strips, and with what the rule declares in its Vary, for caches below. */
export function ruledAnswer(response: ResponseFacts, request: RequestFacts, rule: Rule): ResponseFacts {
  // a 304 that says nothing of Vary leaves the stored one as it is
  const saysVary = response.status !== 304 || response.field("vary") !== undefined;
  const declared = reflectsOrigin(request, response) ? withNames(request.declared, ["origin"]) : request.declared;
  const varies = declared.length > 0 && saysVary;
  if (!varies && !rule.stripSetCookie) return response;
  const { status, requestedAtMs, receivedAtMs } = response;
  const headers = varies ? withDeclaredVary(response.headers, declared) : response.headers;
  const kept = rule.stripSetCookie ? headers.filter(([name]) => name.toLowerCase() !== "set-cookie") : headers;
  return responseFacts(status, kept, requestedAtMs, receivedAtMs);
}

/** Whether the origin got nothing from the client that the rule would have kept from it. */
export function isSentAsRuled(sent: RequestFacts, ruled: RequestFacts): boolean {
  const sameFields = ruled.declared.every((name) => sent.field(name) === ruled.field(name));
  return sameFields && sent.location.query === ruled.location.query;
}

/** Fields in which an origin repeats the Origin that it was asked with (Fetch 3.3.3, Resource Timing 4.5.1). */
const REFLECTING = ["access-control-allow-origin", "timing-allow-origin"] as const;

/** Whether the answer is for this Origin, although its Vary may not say so. */
function reflectsOrigin(request: RequestFacts, response: ResponseFacts): boolean {
  const origin = request.field("origin")?.trim().toLowerCase();
  if (origin === undefined) return false;
  return REFLECTING.some((name) => splitList(response.field(name)?.toLowerCase() ?? "").includes(origin));
}
