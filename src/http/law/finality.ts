// Owns the effect of an unstored answer on the stored response: none, it must be validated, or it has ended (RFC 9111 4.3.3, 4.3.5).
import { isAnonymous } from "./anonymous.ts";
import type { RequestFacts } from "../message/facts.ts";
import { isOfRequest, type ReasonCode, withdraws } from "./reasons.ts";

/** The scope that an answer ends: the resource with all its variants, the requested variant, or only its reuse without validation. */
export type EndedScope = "resource" | "variant" | "freshness";

/**
 * Statuses below 500 that end nothing: they are about the moment, or about the request's form, so the resource may be as it was. All others
 * end the response in whose place they come, also 401 and 403: a page that needs credentials now must not be shown without them.
 */
const ENDS_NOTHING: ReadonlySet<number> = new Set([
  // malformed; servers also say it of header sections that are too large
  400,
  // no representation for the request's Accept fields
  406,
  // a proxy's, not the origin's
  407,
  // the moment: the server closed an idle connection
  408,
  // of the request's content or expectations, and a GET has none
  411, 413, 415, 417,
  // of the request's conditions or range
  412, 416,
  // the moment: this connection is for another authority
  421,
  // of the request's content
  422,
  // the moment: early data
  425,
  // of the connection's protocol
  426,
  // of the request's fields
  428,
  // the moment: backpressure, as 503 is
  429,
  // of the request's fields
  431,
]);

/** Whether a final response of this status takes the place of what is stored. A 5xx may be disregarded (RFC 9111 4.3.3). */
export function endsStored(status: number): boolean {
  return status >= 200 && status < 500 && !ENDS_NOTHING.has(status);
}

/** The scope that an answer ends, which was not stored for `reason`; `undefined`: it ends nothing. */
export function endedScope(request: RequestFacts, status: number, reason: ReasonCode): EndedScope | undefined {
  if (!isAnonymous(request) || !endsStored(status) || isOfRequest(reason)) return undefined;
  const withdrawn = withdraws(reason);
  if (withdrawn) return withdrawn;
  if (request.method !== "HEAD") return "variant";
  // origins often answer HEAD by other code than GET, so its error is a reason to ask and no proof; 405 is about the method
  return status >= 300 && status !== 304 && status !== 405 ? "freshness" : undefined;
}
