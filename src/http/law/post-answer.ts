// Owns the one case in which the answer to a POST serves a later GET: the answer says that a GET would get the same (RFC 9110 9.3.3).
import type { RequestFacts, ResponseFacts } from "../message/facts.ts";
import { sameOriginLocation } from "../targets/invalidation.ts";

/** A 200 with explicit freshness whose Content-Location is the very URL that was posted to. */
export function answersGet({ method, location }: RequestFacts, { status, field, governing }: ResponseFacts): boolean {
  if (method !== "POST" || status !== 200) return false;
  const { maxAge, sMaxage } = governing.directives;
  // it leaves as it came, so the edge must not decode it
  if (field("content-encoding") !== undefined) return false;
  const isExplicit = maxAge !== undefined || sMaxage !== undefined || field("expires") !== undefined;
  const named = sameOriginLocation(field("content-location"), location);
  return isExplicit && named !== undefined && named.path === location.path && named.query === location.query;
}
