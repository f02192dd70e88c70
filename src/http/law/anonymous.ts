// Owns the question whether anybody could have asked this: an answer to a request that carries something of one client's own, which is
// in no key, decides nothing for the others.
import { requestDirectives } from "../message/cache-control.ts";
import { NO_COOKIES } from "../message/cookies.ts";
import type { RequestFacts } from "../message/facts.ts";

/**
 * Only such a request may decide for others: withdraw what is stored, end it, or change its header section. Cache-Control and Pragma do
 * not count: with them a client asks for what the origin has now, which is what RFC 9111 4.3.3 goes by.
 */
export function isAnonymous(facts: RequestFacts): boolean {
  const { hasAuthorization, hasSession, unkeyed, field } = facts;
  return (
    !hasAuthorization &&
    !hasSession &&
    unkeyed.length === 0 &&
    (isKeyed(facts, "cookie") || field("cookie") === undefined)
  );
}

/** The same request as the cache itself asks it: without personal fields, and without what its client demands of caches. */
export function asAnonymous(facts: RequestFacts): RequestFacts {
  const { names, naming, unkeyed, field } = facts;
  const credentials = names.filter((name) => naming.groupOf(name) === "credential" && !isKeyed(facts, name));
  const cookies = isKeyed(facts, "cookie") ? {} : NO_COOKIES;
  const hidden: ReadonlySet<string> = new Set([
    ...credentials,
    ...unkeyed,
    ...(isKeyed(facts, "cookie") ? [] : ["cookie"]),
    "cache-control",
    "pragma",
  ]);
  return {
    ...facts,
    ...cookies,
    field: (name) => (hidden.has(name) ? undefined : field(name)),
    names: names.filter((name) => !hidden.has(name)),
    directives: requestDirectives(undefined, undefined),
    hasAuthorization: false,
    unkeyed: [],
  };
}

/** A field that a rule has reduced is in the key. */
function isKeyed({ declared }: RequestFacts, name: string): boolean {
  return declared.includes(name);
}
