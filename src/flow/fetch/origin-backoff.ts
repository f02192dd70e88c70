// Owns the origin's wish to be left alone: a 503 with Retry-After (RFC 9110 10.2.3).
import { isAnonymous } from "../../http/law/anonymous.ts";
import type { ResponseFacts } from "../../http/message/facts.ts";
import { retryAfterSeconds } from "../../http/message/retry-after.ts";
import type { CacheRequest } from "../cache-request.ts";

/** A longer pause would be a decision for the site's owner. */
const MAX_SECONDS = 60;

/** The edge does not ask for this resource again, for as long as the origin says, while a stale response can answer. */
export function noteBackoff({ edge, facts, slot }: CacheRequest, { status, field, receivedAtMs }: ResponseFacts): void {
  const seconds = status === 503 ? retryAfterSeconds(field("retry-after"), receivedAtMs) : undefined;
  if (seconds !== undefined && isAnonymous(facts))
    edge.marks.originBackoff.add(slot.key, Math.min(seconds, MAX_SECONDS));
}
