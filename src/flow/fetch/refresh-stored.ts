// Owns the refresh of a stored response that the origin confirmed: tiers and client get its body under the merged header section.
import type { Stored } from "../../http/law/stored.ts";
import type { Found } from "../../tiers/tier.ts";
import { deliverHeld } from "../answer/deliver.ts";
import { type CacheRequest, discard } from "../cache-request.ts";
import type { Arrival } from "./arrival.ts";
import type { Fetched } from "./fetched.ts";
import type { FetchPlan } from "./fetch-plan.ts";
import { filled } from "./store-answer.ts";
import { noteStorable } from "./unstorable.ts";

/** After a 304. `merged`: the stored response with the fields of the 304 (RFC 9111 4.3.4). */
export function refreshed(
  request: CacheRequest,
  plan: FetchPlan,
  merged: Found,
  { delivery, outcome: before }: Arrival,
): Fetched {
  const { stored, body } = merged;
  const renewing = renewed(request, plan.held);
  const outcome = { ...before, stored: true };
  if (body.kind === "bytes") {
    const filed = request.edge.stack.store(renewing.slot, stored, body.bytes);
    request.exchange.background(filed);
    noteStorable(request);
    const response = deliverHeld(delivery, merged, outcome);
    return { response, result: Promise.resolve({ kind: "stored" }), filed: () => filed };
  }
  // copy the stored body to its end even if the client leaves, because that costs the origin nothing. A tier that refuses the copy
  // keeps its entry
  const copying: FetchPlan = { ...plan, held: undefined, given: undefined, isAwaited: () => true };
  const { body: stream, ...ended } = filled(renewing, copying, stored, body.stream, stored.bodyLength);
  return { ...ended, response: deliverHeld(delivery, { ...merged, body: { kind: "stream", stream } }, outcome) };
}

/** After a HEAD. A streamed body is not written anew for that. */
export function freshened(request: CacheRequest, held: Found, stored: Stored): void {
  const { edge, exchange, slot } = renewed(request, held);
  if (held.body.kind === "bytes") exchange.background(edge.stack.store(slot, stored, held.body.bytes));
  else discard(held);
}

/** Names `held` as the response being renewed, so that no tier lets it replace a newer one. */
function renewed(request: CacheRequest, held: Found | undefined): CacheRequest {
  return { ...request, slot: { ...request.slot, renews: held?.stored } };
}
