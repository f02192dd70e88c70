// Owns the question "may this response be stored in a shared cache?" (RFC 9111 3), clause by clause.
import { declaredLength, trimOws } from "./fields.ts";
import { isEndless } from "./endless.ts";
import { isAmbiguousPath, isTypeMismatch } from "./deception.ts";
import type { RequestFacts, ResponseFacts } from "./facts.ts";
import { isRange, isWhole, partOf } from "./parts.ts";
import { initialAge, type Lifetime, type LifetimePolicy, staleWindows } from "./freshness.ts";
import type { ReasonCode } from "./reasons.ts";
import { isStorableStatus, statusFacts } from "./status-table.ts";
import { originValidators } from "./stored.ts";
import type { Tags } from "./tags.ts";
import { readVary } from "./vary.ts";

/** What of a response depends on the site's rule. */
export interface SharingPolicy {
  /** The rule declares that authenticated requests get the same answer as anybody. */
  readonly sharedRoute: boolean;
  /** Whether a client's Cache-Control counts. */
  readonly honourClient: boolean;
  /** Whether paths that look like another resource are kept out (see deception.ts). */
  readonly deceptionGuard: boolean;
}

/** The first clause that forbids storing, or `undefined` when none does. */
export function whyNotStorable(
  request: RequestFacts,
  response: ResponseFacts,
  lifetime: Lifetime,
  tags: Tags,
  policy: SharingPolicy & LifetimePolicy,
): ReasonCode | undefined {
  const { directives } = response.governing;
  // 3: the request method is understood; an answer to HEAD has no body to store (see settle.ts for what it freshens)
  if (request.method !== "GET") return "head-response";
  const part = partOf(response, request.range);
  const isPart = part !== undefined && !isWhole(part);
  if (!part && !isStorableStatus(response.status)) return isRange(response) ? "part-length" : "status";
  // 3, 5.2.2.3: must-understand overrides no-store where the status is understood
  if (directives.mustUnderstand && !statusFacts(response.status).understood) return "must-understand";
  if (directives.noStore && !directives.mustUnderstand) return "no-store";
  // 5.2.1.5
  if (policy.honourClient && request.directives.noStore) return "request-no-store";
  // 5.2.2.7
  if (directives.private) return "private";
  // a cookie is for one client, whatever its lifetime says
  if (response.field("set-cookie") !== undefined && !directives.privateSetCookie) return "set-cookie";
  if (request.hasAuthorization && !forAuthorization(response, policy)) return "authorization-response";
  if (request.hasSession && !forSession(response, policy)) return "session-response";
  const vary = readVary(response.field("vary"), request.declared);
  if (!vary.storable) return vary.reason;
  if (vary.fields.some(request.hasTwin)) return "vary-twin";
  const { path } = request.location;
  if (policy.deceptionGuard && isAmbiguousPath(path)) return "ambiguous-path";
  if (policy.deceptionGuard && isTypeMismatch(path, response.status, response.field("content-type"))) {
    return "type-mismatch";
  }
  if (isEndless(response.field)) return "endless";
  if (response.unknownTransferCoding) return "transfer-coding";
  const useless = isPart ? whyUselessPart(response, lifetime) : whyUseless(response, lifetime, policy);
  if (useless) return useless;
  if (part && hasContentCoding(response)) return "content-encoding";
  if ((declaredLength(response.field) ?? 0) > MAX_BODY_BYTES) return "too-large";
  return tags.usable ? undefined : tags.reason;
}

/** What the largest tier, the colo, takes: the platform keeps 512 MB of one response, and does not say that they are binary. */
export const MAX_BODY_BYTES = 512e6;

/** RFC 9111 3: explicit or heuristic lifetime; one that is over is only worth keeping with a validator. */
function whyUseless(response: ResponseFacts, lifetime: Lifetime, policy: LifetimePolicy): ReasonCode | undefined {
  if (lifetime.seconds > initialAge(response)) return undefined;
  const { directives } = response.governing;
  // no-cache says how to reuse what may be kept by its status: without a lifetime, and validated each time
  const lasts = statusFacts(response.status).heuristic || directives.public;
  if (lifetime.source === "none" && !(directives.noCache && lasts)) return "no-lifetime";
  const { whileRevalidate, ifError } = staleWindows(response, policy);
  if (whileRevalidate > 0 || ifError > 0) return undefined;
  const { etag, lastModified } = originValidators(response);
  return etag === undefined && lastModified === undefined ? "expired" : undefined;
}

/** A part is never validated: only while it is fresh can it answer, or be completed. */
function whyUselessPart(response: ResponseFacts, lifetime: Lifetime): ReasonCode | undefined {
  if (response.governing.directives.noCache) return "no-cache";
  if (lifetime.source === "none") return "no-lifetime";
  return lifetime.seconds > initialAge(response) ? undefined : "expired";
}

/** RFC 9111 3.5: what lets an answer to an authenticated request be shared. */
export function forAuthorization(response: ResponseFacts, policy: SharingPolicy): boolean {
  const { public: isPublic, sMaxage, mustRevalidate } = response.governing.directives;
  return policy.sharedRoute || isPublic || sMaxage !== undefined || mustRevalidate;
}

/** A session cookie is like Authorization, but must-revalidate says nothing of who may share. */
export function forSession(response: ResponseFacts, policy: SharingPolicy): boolean {
  const { public: isPublic, sMaxage } = response.governing.directives;
  return policy.sharedRoute || isPublic || sMaxage !== undefined;
}

function hasContentCoding(response: ResponseFacts): boolean {
  const coding = response.field("content-encoding");
  return coding !== undefined && trimOws(coding).toLowerCase() !== "identity";
}
