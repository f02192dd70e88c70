// Owns the end of a stored response that an unstorable answer replaces: every tier drops it, or it is marked for validation.
import { endedScope } from "../../http/law/finality.ts";
import type { ReasonCode } from "../../http/law/reasons.ts";
import type { Stored } from "../../http/law/stored.ts";
import type { CacheRequest } from "../cache-request.ts";
import type { FetchPlan } from "./fetch-plan.ts";

/** The stored response that the answer replaces. */
function replacedBy({ held, standIn, given }: FetchPlan): Stored | undefined {
  return (held ?? standIn)?.stored ?? given;
}

/** Call it before the fetch ends: followers look up again at once, and must not find the ended response. */
export function endStored(request: CacheRequest, plan: FetchPlan, status: number, reason: ReasonCode): void {
  const { edge, exchange, facts, slot } = request;
  const scope = endedScope(facts, status, reason);
  // an answer to another range does not replace a stored part, but it may withdraw the whole resource
  const part = scope === "resource" ? (plan.prefix ?? plan.neighbour)?.stored : undefined;
  const stored = replacedBy(plan) ?? part;
  if (!stored || !scope) return;
  if (scope === "freshness") {
    exchange.background(doubt(request, plan, stored));
    return;
  }
  exchange.background(edge.stack.drop(slot, stored));
  if (scope === "resource") exchange.background(edge.stack.invalidate(slot.key, edge.clock.now()));
}

/** Ends the stored response where its replacement is too large for every tier: it is out of date all the same. */
export function endReplaced({ edge, exchange, slot }: CacheRequest, plan: FetchPlan): void {
  const stored = replacedBy(plan);
  if (stored) exchange.background(edge.stack.drop(slot, stored));
}

/** RFC 9111 4.3.5: marks the response for validation before its next use. A streamed one is dropped, because a mark would write it anew. */
async function doubt({ edge, slot }: CacheRequest, { held }: FetchPlan, stored: Stored): Promise<void> {
  if (stored.alwaysValidate) return;
  if (held?.body.kind !== "bytes") return edge.stack.drop(slot, stored);
  return edge.stack.store({ ...slot, renews: stored }, { ...stored, alwaysValidate: true }, held.body.bytes);
}
