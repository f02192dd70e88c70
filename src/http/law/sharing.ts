// Owns the question "may the answer to this request go to anybody else?": by its credentials, its cookies, and the fields that no key holds.
import { isAsset } from "./deception.ts";
import { isTwinAmong, type RequestFacts, type ResponseFacts } from "../message/facts.ts";
import { initialAge, type Lifetime } from "./freshness.ts";
import { setsCookie2 } from "../message/personal-fields.ts";
import type { ReasonCode } from "./reasons.ts";

/** A site's rule on sharing. */
export interface SharingPolicy {
  /** The rule declares that authenticated requests get the same answer as everybody else. */
  readonly sharedRoute: boolean;
  /** Response fields that belong to one person, whatever their lifetime says. */
  readonly isPersonalField: (name: string) => boolean;
}

/** The first reason why the answer is its client's own, or `undefined`. `varied`: the fields that its Vary names. */
export function whyNotShared(
  request: RequestFacts,
  response: ResponseFacts,
  lifetime: Lifetime,
  varied: readonly string[],
  policy: SharingPolicy,
): ReasonCode | undefined {
  // a cookie is for one client, whatever its lifetime says
  if (response.field("set-cookie") !== undefined && !response.governing.directives.privateSetCookie)
    return "set-cookie";
  if (isPersonal(request, response, policy)) return "personal-field";
  if (request.hasAuthorization && !forAuthorization(response, policy)) return "authorization-response";
  if (request.hasSession && !forSession(response, policy)) return "session-response";
  if (request.hasUnknownCookie && !forUnknownCookies(request, response, policy)) return "unknown-cookie";
  if (isValidatedForOne(request, response, lifetime, policy)) return "always-validated";
  return varied.some((field) => isTwinAmong(request.names, field)) ? "vary-twin" : undefined;
}

/** Whether the origin received a field that may have changed its answer, and that the answer's Vary does not name. */
export function isUnkeyed({ unkeyed, indexed }: RequestFacts, varied: readonly string[]): boolean {
  return [...unkeyed, ...indexed].some((name) => !varied.includes(name));
}

function isPersonal({ naming }: RequestFacts, { headers, field }: ResponseFacts, policy: SharingPolicy): boolean {
  if (headers.some(([name]) => policy.isPersonalField(name))) return true;
  const second = field("set-cookie2");
  return second !== undefined && setsCookie2(second, naming.cookieGroupOf);
}

/** RFC 9111 3.5: directives that let an answer to an authenticated request be shared. */
export function forAuthorization(response: ResponseFacts, policy: Pick<SharingPolicy, "sharedRoute">): boolean {
  const { public: isPublic, sMaxage, mustRevalidate } = response.governing.directives;
  return policy.sharedRoute || isPublic || sMaxage !== undefined || mustRevalidate;
}

/** A session cookie counts like Authorization, but must-revalidate does not allow sharing. */
export function forSession(response: ResponseFacts, policy: Pick<SharingPolicy, "sharedRoute">): boolean {
  const { public: isPublic, sMaxage } = response.governing.directives;
  return policy.sharedRoute || isPublic || sMaxage !== undefined;
}

/**
 * An unknown cookie may be a session's. The origin must address shared caches: by `public`, by `s-maxage`, or by a lifetime in a
 * field that only they read. A rule's lifetime is not the origin's word. A style sheet or a picture is the same for everybody.
 */
function forUnknownCookies(
  { location }: RequestFacts,
  response: ResponseFacts,
  policy: Pick<SharingPolicy, "sharedRoute">,
): boolean {
  const { status, field, governing } = response;
  const isTargeted = governing.field !== "cache-control" && governing.field !== "none";
  if (isTargeted && governing.directives.maxAge !== undefined) return true;
  return forSession(response, policy) || isAsset(location.path, status, field("content-type"));
}

/**
 * An answer that is validated before each reuse is as good as its validator, and many are the same for all users: the date of a template,
 * the number of a build. One user's 304 would show another user's page.
 */
function isValidatedForOne(
  { hasSession, hasUnknownCookie }: RequestFacts,
  response: ResponseFacts,
  lifetime: Lifetime,
  { sharedRoute }: Pick<SharingPolicy, "sharedRoute">,
): boolean {
  const { public: isPublic, noCache } = response.governing.directives;
  if ((!hasSession && !hasUnknownCookie) || isPublic || sharedRoute) return false;
  return noCache || lifetime.seconds <= initialAge(response);
}
