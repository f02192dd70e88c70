// Owns anonymity: whether a request carries nothing of one client's own beside the key. Only the answer to such a request may affect others.
import { requestDirectives } from "../message/cache-control.ts";
import { NO_COOKIES } from "../message/cookies.ts";
import type { RequestFacts } from "../message/facts.ts";

/**
 * Only the answer to an anonymous request may withdraw a stored response, end it, or change its header section. Cache-Control and Pragma
 * make no difference: with them a client asks for the origin's present answer, as a validation by RFC 9111 4.3.3 does.
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

/** The same request in the cache's own name: without personal fields, and without its client's demands on caches. */
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
