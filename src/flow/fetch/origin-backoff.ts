// Owns origin backoff: after a 503 with Retry-After (RFC 9110 10.2.3), the edge serves stale instead of asking again.
import { isAnonymous } from "../../http/law/anonymous.ts";
import type { ResponseFacts } from "../../http/message/facts.ts";
import { retryAfterSeconds } from "../../http/message/retry-after.ts";
import type { CacheRequest } from "../cache-request.ts";

/** A longer pause would be a decision for the site's owner. */
const MAX_SECONDS = 60;

/** Marks the resource for as long as the origin says. While the mark lasts, a stale response answers, if one may. */
export function noteBackoff({ edge, facts, slot }: CacheRequest, { status, field, receivedAtMs }: ResponseFacts): void {
  const seconds = status === 503 ? retryAfterSeconds(field("retry-after"), receivedAtMs) : undefined;
  if (seconds !== undefined && isAnonymous(facts))
    edge.marks.originBackoff.add(slot.key, Math.min(seconds, MAX_SECONDS));
}
