// Owns the end of a stored response in whose place an answer came that is not stored: dropped in every tier, or marked for validation.
import { endedScope } from "../../http/law/finality.ts";
import type { ReasonCode } from "../../http/law/reasons.ts";
import type { Stored } from "../../http/law/stored.ts";
import type { CacheRequest } from "../cache-request.ts";
import type { FetchPlan } from "./fetch-plan.ts";

/** The stored response in whose place an answer comes. */
function replacedBy({ held, standIn, given }: FetchPlan): Stored | undefined {
  return (held ?? standIn)?.stored ?? given;
}

/** Call it before the fetch ends: followers look up again at once, and must not find a response that has ended. */
export function endStored(request: CacheRequest, plan: FetchPlan, status: number, reason: ReasonCode): void {
  const { edge, exchange, facts, slot } = request;
  const scope = endedScope(facts, status, reason);
  // an answer about other bytes replaces no part, but it may withdraw the resource
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

/** No tier stores an answer that is too large, but the stored response is out of date: this ends it. */
export function endReplaced({ edge, exchange, slot }: CacheRequest, plan: FetchPlan): void {
  const stored = replacedBy(plan);
  if (stored) exchange.background(edge.stack.drop(slot, stored));
}

/** RFC 9111 4.3.5: considered stale, and validated before its next reuse. A stream is dropped: marking it would write it anew. */
async function doubt({ edge, slot }: CacheRequest, { held }: FetchPlan, stored: Stored): Promise<void> {
  if (stored.alwaysValidate) return;
  if (held?.body.kind !== "bytes") return edge.stack.drop(slot, stored);
  return edge.stack.store({ ...slot, renews: stored }, { ...stored, alwaysValidate: true }, held.body.bytes);
}
