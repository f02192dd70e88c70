// Owns the application of a rule to a request, before key and fetch, and to its answer. Everything after it sees the reduced request.
import { type CookieFacts, cookieFacts, NO_COOKIES } from "../../http/message/cookies.ts";
import { type RequestFacts, type ResponseFacts, responseFacts } from "../../http/message/facts.ts";
import { type FieldReader, splitList } from "../../http/message/fields.ts";
import { reducedQuery } from "../../http/select/reduced-query.ts";
import { declaredFields, namedCookies, reducedReader } from "../../http/select/reduced-request.ts";
import type { Stored } from "../../http/law/stored.ts";
import { withDeclaredVary } from "../../http/select/vary.ts";
import type { Rule } from "../../policy/define.ts";
import type { CacheSlot } from "../../tiers/tier.ts";

/**
 * The request with its query, its cookies and its declared fields reduced. The origin receives exactly the keyed values. Fragment
 * marks count as declared.
 */
export function applyRule(facts: RequestFacts, rule: Rule): RequestFacts {
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

/** The cookies that a fetch for the cache takes along, and the facts about them; `undefined` where the client sent none. */
function ruledCookies(facts: RequestFacts, { vary, ignoresCookies }: Rule): CookieFacts | undefined {
  const { field, naming, hasSession, hasUnknownCookie, hasPreview, forwardedCookie } = facts;
  const sent = field("cookie");
  if (sent === undefined) return undefined;
  if (ignoresCookies) return NO_COOKIES;
  if (!vary?.cookies) return { hasSession, hasUnknownCookie, hasPreview, forwardedCookie };
  // the rule keys the cookies it names; a session cookie that the origin does not see makes no session
  const named = namedCookies(sent, vary.cookies);
  return { ...cookieFacts(named, naming.cookieGroupOf), hasUnknownCookie: false, forwardedCookie: named };
}

/**
 * Adjusts a request to the resource's variant index. A fragment mark that the index names separates requests with it from requests
 * without it. Any other field that the index names is keyed, so it no longer counts as unkeyed.
 */
export function applyIndex(ruled: RequestFacts, index: CacheSlot["index"]): RequestFacts {
  if (!index) return withinMarks(ruled, []);
  const marks = index.fields.filter((name) => ruled.naming.groupOf(name) === "fragment");
  const facts = withinMarks(ruled, marks);
  const { declared, unkeyed } = facts;
  const indexed = unkeyed.filter((name) => index.fields.includes(name));
  // some answers repeat the request's Origin: then requests without Origin need a variant of their own, although their answer's Vary may not say so
  const keyed = index.fields.includes("origin") ? [...marks, "origin"] : marks;
  if (keyed.length === 0 && indexed.length === 0) return facts;
  const others = unkeyed.filter((name) => !indexed.includes(name));
  return {
    ...facts,
    declared: withNames(declared, keyed),
    unkeyed: others,
    indexed: withNames(facts.indexed, indexed),
  };
}

/** More marks than the requests of one application have, and few enough to leave room in Vary for the origin's own fields. */
const MAX_MARKS = 10;

/**
 * Drops new marks where they and the known ones are too many. They then count as unknown fields, so that one client's inventions take
 * no room in the index from others.
 */
function withinMarks(facts: RequestFacts, known: readonly string[]): RequestFacts {
  if (facts.fragments.length === 0) return facts;
  const fresh = facts.fragments.filter((name) => !known.includes(name));
  if (fresh.length === 0 || known.length + fresh.length <= MAX_MARKS) return facts;
  const declared = facts.declared.filter((name) => !fresh.includes(name));
  return { ...facts, declared, unkeyed: withNames(facts.unkeyed, fresh) };
}

function withNames(names: readonly string[], others: readonly string[]): readonly string[] {
  const missing = others.filter((name) => !names.includes(name));
  return missing.length === 0 ? names : [...names, ...missing].sort();
}

/**
 * The answer without the cookies that the rule strips, and with the rule's declared fields in its `Vary`, for caches below.
 * `validated`: the stored response that a 304 is about.
 */
export function applyRuleToAnswer(
  response: ResponseFacts,
  request: RequestFacts,
  rule: Rule,
  validated?: Pick<Stored, "headers">,
): ResponseFacts {
  const { status, requestedAtMs, receivedAtMs } = response;
  const reflects = reflectsOrigin(request, response);
  const saysVary = status !== 304 || response.field("vary") !== undefined;
  const declared = reflects ? withNames(request.declared, ["origin"]) : request.declared;
  // a 304 without Vary leaves the stored one as it is, unless the 304 is for one Origin
  const varies = declared.length > 0 && (saysVary || reflects);
  if (!varies && !rule.stripSetCookie) return response;
  const storedVary = saysVary ? [] : (validated?.headers ?? []).filter(([name]) => name.toLowerCase() === "vary");
  const headers = varies ? withDeclaredVary([...response.headers, ...storedVary], declared) : response.headers;
  const left = rule.stripSetCookie ? headers.filter(([name]) => name.toLowerCase() !== "set-cookie") : headers;
  return responseFacts(status, left, requestedAtMs, receivedAtMs);
}

/** Whether the origin got exactly the values that the rule would have sent. */
export function isSentAsRuled(sent: RequestFacts, ruled: RequestFacts): boolean {
  // the origin got cookies that the rule hides: the answer may be for their owner
  if ((sent.hasSession && !ruled.hasSession) || (sent.hasUnknownCookie && !ruled.hasUnknownCookie)) return false;
  const sameFields = ruled.declared.every((name) => sent.field(name) === ruled.field(name));
  return sameFields && sent.location.query === ruled.location.query;
}

/** Fields in which an origin repeats the Origin that it was asked with (Fetch 3.3.3, Resource Timing 4.5.1). */
const REFLECTING = ["access-control-allow-origin", "timing-allow-origin"] as const;

/** Whether the answer repeats the request's Origin, so that it is for that Origin alone. Its `Vary` may not say so. */
function reflectsOrigin(request: RequestFacts, response: ResponseFacts): boolean {
  const origin = request.field("origin")?.trim().toLowerCase();
  if (origin === undefined) return false;
  return REFLECTING.some((name) => splitList(response.field(name)?.toLowerCase() ?? "").includes(origin));
}
