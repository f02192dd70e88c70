// Owns the question whether anybody could have asked this: an answer to a request that carries something of one client's own, which is
// in no key, decides nothing for the others.
import { requestDirectives } from "./cache-control.ts";
import type { RequestFacts } from "./facts.ts";

/** Fields of one client's own that the origin receives. */
const PERSONAL: readonly string[] = ["cookie", "authorization"];

/** The personal fields of this request that are in no key: a field that a rule has reduced is in the key. */
function unkeyedFields({ declared }: RequestFacts): readonly string[] {
  // a list of further unkeyed fields of the request joins here
  return PERSONAL.filter((name) => !declared.includes(name));
}

/**
 * Only such a request may decide for others: withdraw what is stored, end it, or change its header section. Cache-Control and Pragma do
 * not count: with them a client asks for what the origin has now, which is what RFC 9111 4.3.3 goes by.
 */
export function isForAnybody(facts: RequestFacts): boolean {
  const { hasAuthorization, hasSession, field } = facts;
  return !hasAuthorization && !hasSession && unkeyedFields(facts).every((name) => field(name) === undefined);
}

/** The same request as the cache itself asks it: without personal fields, and without what its client demands of caches. */
export function asAnybody(facts: RequestFacts): RequestFacts {
  const { declared, field } = facts;
  const hidden: ReadonlySet<string> = new Set([...unkeyedFields(facts), "cache-control", "pragma"]);
  return {
    ...facts,
    field: (name) => (hidden.has(name) ? undefined : field(name)),
    directives: requestDirectives(undefined, undefined),
    hasAuthorization: false,
    hasSession: facts.hasSession && declared.includes("cookie"),
  };
}
