// Owns what an answer that was not stored does to the stored response: it ends it in every tier, marks it for validation, or leaves it.
import { endedScope } from "../../http/law/finality.ts";
import type { ReasonCode } from "../../http/law/reasons.ts";
import type { Stored } from "../../http/law/stored.ts";
import type { FetchPlan, CacheRequest } from "../cache-request.ts";

/** The stored response in whose place an answer comes. */
function replacedBy({ held, standIn, given }: FetchPlan): Stored | undefined {
  return (held ?? standIn)?.stored ?? given;
}

/** Call it before the flight lands: requests that waited look again at once, and must not find a response that has ended. */
export function endStored(trip: CacheRequest, errand: FetchPlan, status: number, reason: ReasonCode): void {
  const { edge, exchange, facts, slot } = trip;
  const ending = endedScope(facts, status, reason);
  // an answer about other bytes of it replaces no part, but may withdraw it
  const part = ending === "resource" ? (errand.prefix ?? errand.neighbour)?.stored : undefined;
  const stored = replacedBy(errand) ?? part;
  if (!stored || !ending) return;
  if (ending === "freshness") {
    exchange.background(doubt(trip, errand, stored));
    return;
  }
  exchange.background(edge.stack.drop(slot, stored));
  if (ending === "resource") exchange.background(edge.stack.invalidate(slot.key, edge.now()));
}

/** No tier stores an answer that is too large, but the stored response is out of date: this ends it. */
export function endReplaced({ edge, exchange, slot }: CacheRequest, errand: FetchPlan): void {
  const stored = replacedBy(errand);
  if (stored) exchange.background(edge.stack.drop(slot, stored));
}

/** RFC 9111 4.3.5: considered stale, and validated before its next reuse. A stream would have to be written anew for that: it goes. */
async function doubt({ edge, slot }: CacheRequest, { held }: FetchPlan, stored: Stored): Promise<void> {
  if (stored.alwaysValidate) return;
  if (held?.body.kind !== "bytes") return edge.stack.drop(slot, stored);
  return edge.stack.store({ ...slot, renews: stored }, { ...stored, alwaysValidate: true }, held.body.bytes);
}
