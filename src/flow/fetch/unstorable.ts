// Owns the memory of resources that could not be stored lately: requests for them do not wait for each other, and their ranges go to the origin as sent.
import { isAnonymous } from "../../http/law/anonymous.ts";
import type { ResponseFacts } from "../../http/message/facts.ts";
import { splitList } from "../../http/message/fields.ts";
import { isOfRequest, makesPrivate, type ReasonCode } from "../../http/law/reasons.ts";
import { isUnkeyed } from "../../http/law/sharing.ts";
import { mayDependOnRequest } from "../../http/message/status-table.ts";
import { crowdKey, flightKey } from "../lookup/expected-key.ts";
import { isAuthenticated, type CacheRequest } from "../cache-request.ts";
import type { Forwarding } from "./origin-request.ts";

/** How long a mark lasts. */
const UNSTORABLE_SECONDS = 60;

export function isUnstorable(request: CacheRequest): boolean {
  const { unstorable } = request.edge.marks;
  return unstorable.has(flightKey(request)) || (!isAnonymous(request.facts) && unstorable.has(crowdKey(request)));
}

/**
 * Marks a resource whose answer was not stored. A reason that one client can provoke by its request leaves no mark. An answer to a
 * request with cookies or unkeyed fields marks the resource for such requests only.
 */
export function noteUnstorable(
  request: CacheRequest,
  { conditions }: Forwarding,
  { status, field }: ResponseFacts,
  reason: ReasonCode,
): void {
  const { edge, facts } = request;
  const asksForWhole = facts.method === "GET" && conditions.length === 0;
  if (!asksForWhole || isAuthenticated(facts) || mayDependOnRequest(status)) return;
  // the mark itself made the edge send hints, and only those kept the answer out: without the mark the next answer is stored
  const isForHintsAlone =
    reason === "unkeyed-field" && !isUnkeyed(facts, splitList(field("vary")?.toLowerCase() ?? ""));
  if (isForHintsAlone) return noteStorable(request);
  // an unknown cookie keeps the answer to every request of its kind out of the store
  if (isOfRequest(reason) && !makesPrivate(reason)) return;
  edge.marks.unstorable.add(crowdKey(request), UNSTORABLE_SECONDS);
}

/** Notes a body that no tier takes. */
export function noteTooLarge(request: CacheRequest): void {
  request.edge.marks.unstorable.add(flightKey(request), UNSTORABLE_SECONDS);
}

/** Forgets the mark: the answer was stored, or could have been. */
export function noteStorable(request: CacheRequest): void {
  for (const key of new Set([flightKey(request), crowdKey(request)])) request.edge.marks.unstorable.delete(key);
}
