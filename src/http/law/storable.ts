// Owns the question "may this response be stored in a shared cache?" (RFC 9111 3), clause by clause.
import { declaredLength, trimOws } from "../message/fields.ts";
import { isEndless } from "../body/event-stream.ts";
import { isAmbiguousPath, isTypeMismatch } from "./deception.ts";
import type { RequestFacts, ResponseFacts } from "../message/facts.ts";
import { isRange, isWhole, partOf } from "./parts.ts";
import { initialAge, type Lifetime, type LifetimePolicy, staleWindows } from "./freshness.ts";
import type { ReasonCode } from "./reasons.ts";
import { isUnkeyed, type SharingPolicy, whyNotShared } from "./sharing.ts";
import { isStorableStatus, statusFacts } from "../message/status-table.ts";
import { originValidators } from "./stored.ts";
import type { Tags } from "../targets/tags.ts";
import { restrictionIn } from "../message/targeted.ts";
import { readVary } from "../select/vary.ts";

/** A site's rule on storing. */
export interface StoringPolicy extends SharingPolicy {
  /** Whether a client's Cache-Control counts. */
  readonly honourClient: boolean;
  /** Whether paths that look like another resource are kept out (see deception.ts). */
  readonly deceptionGuard: boolean;
  /** The extension at the end of the rule's pattern. It counts as a static file's, unless it is an extension of pages. */
  readonly staticExtension: string | undefined;
}

/** The first clause that forbids storing, or `undefined` when none does. */
export function whyNotStorable(
  request: RequestFacts,
  response: ResponseFacts,
  lifetime: Lifetime,
  tags: Tags,
  policy: StoringPolicy & LifetimePolicy,
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
  // a rule's lifetime does not override a prohibition in any of the origin's fields
  const restriction = lifetime.source === "rule" ? restrictionIn(response.field) : undefined;
  if (restriction) return restriction;
  const vary = readVary(response.field("vary"), request.declared, request.naming.groupOf);
  if (!vary.storable) return vary.reason;
  const personal = whyNotShared(request, response, lifetime, vary.fields, policy);
  if (personal) return personal;
  const deceptive = policy.deceptionGuard ? whyDeceptive(request, response, policy.staticExtension) : undefined;
  if (deceptive) return deceptive;
  if (isEndless(response.field)) return "endless";
  if (response.unknownTransferCoding) return "transfer-coding";
  const useless = isPart ? whyUselessPart(response, lifetime) : whyUseless(response, lifetime, policy);
  if (useless) return useless;
  if (part && hasContentCoding(response)) return "content-encoding";
  if ((declaredLength(response.field) ?? 0) > MAX_BODY_BYTES) return "too-large";
  if (!tags.usable) return tags.reason;
  // last: reasons of the answer itself count for every request
  return isUnkeyed(request, vary.fields) ? "unkeyed-field" : undefined;
}

/** The limit of the largest tier, the colo. The platform stores 512 MB of one response, and does not say whether they are binary. */
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

function whyDeceptive(
  { location }: RequestFacts,
  { status, field }: ResponseFacts,
  staticExtension: string | undefined,
): ReasonCode | undefined {
  if (isAmbiguousPath(location.path)) return "ambiguous-path";
  return isTypeMismatch(location.path, status, field("content-type"), staticExtension) ? "type-mismatch" : undefined;
}

function hasContentCoding(response: ResponseFacts): boolean {
  const coding = response.field("content-encoding");
  return coding !== undefined && trimOws(coding).toLowerCase() !== "identity";
}
