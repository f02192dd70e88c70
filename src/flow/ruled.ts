// Owns what a rule makes of a request, before key and fetch, and of its answer: one reading for all that follows.
import { readFacts, type RequestFacts, type ResponseFacts, responseFacts } from "../http/facts.ts";
import { reducedQuery } from "../http/query.ts";
import { declaredFields, reducedReader } from "../http/reduce.ts";
import { withDeclaredVary } from "../http/vary.ts";
import type { Rule, Site } from "../policy/define.ts";

/** The request with its query and its declared fields reduced: what is keyed on is what the origin receives. */
export function ruledRequest(facts: RequestFacts, { query, vary }: Rule, site: Site): RequestFacts {
  const { location } = facts;
  const reduced = query ? { ...location, query: reducedQuery(location.query, query) } : location;
  if (!vary) return query ? { ...facts, location: reduced } : facts;
  const field = reducedReader(facts.field, vary);
  // a session cookie that the origin does not see makes no session
  const read = readFacts(facts.method, reduced, field, site.isSessionCookie);
  return { ...read, declared: declaredFields(vary), hasTwin: facts.hasTwin };
}

/** The answer without the cookies a rule strips, and with what the rule declares in its Vary, for caches below. */
export function ruledAnswer(response: ResponseFacts, { declared }: RequestFacts, rule: Rule): ResponseFacts {
  // a 304 that says nothing of Vary leaves the stored one as it is
  const saysVary = response.status !== 304 || response.field("vary") !== undefined;
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
