// Owns the second request to the origin: some answers make the edge ask with another plan, or in the cache's own name. Each reason counts once.
import { isAnonymous } from "../../http/law/anonymous.ts";
import type { Settle } from "../../http/law/settle.ts";
import { originValidators } from "../../http/law/stored.ts";
import { rangeApplies } from "../../http/message/conditional.ts";
import type { ResponseFacts } from "../../http/message/facts.ts";
import { anonymously, type CacheRequest } from "../cache-request.ts";
import { isWasteful } from "../fill/fill-cost.ts";
import { type FetchPlan, planRange } from "./fetch-plan.ts";
import { FETCH_WHOLE } from "./origin-request.ts";

/** The edge discards the answer, and sends another request by this plan. */
export interface AskAgain {
  readonly verdict: "ask-again";
  readonly request: CacheRequest;
  readonly plan: FetchPlan;
}

/** A verdict that needs no second request. */
export type FinalVerdict = Exclude<Settle, { verdict: "refetch" }>;

export function nextAfter(
  verdict: Settle,
  request: CacheRequest,
  plan: FetchPlan,
  response: ResponseFacts,
  nowMs: number,
): AskAgain | FinalVerdict {
  const { reason, held, standIn = held, prefix, neighbour = prefix, given, purge, forCache, isAwaited } = plan;
  if (verdict.verdict === "refetch") {
    return again(request, { ...FETCH_WHOLE, reason, standIn, neighbour, given, purge, forCache, isAwaited });
  }
  const own = forCache && response.status < 500 && isLeftOver(verdict) ? inOwnName(request) : undefined;
  if (own) return again(own, { ...plan, patienceMs: undefined });
  if (verdict.verdict !== "store" || !isForRange(request, plan, response, nowMs)) return verdict;
  return again(request, {
    ...planRange(request.facts),
    reason,
    standIn,
    neighbour: plan.neighbour,
    given,
    purge,
    isAwaited,
  });
}

function again(request: CacheRequest, plan: FetchPlan): AskAgain {
  return { verdict: "ask-again", request, plan };
}

/** Whether the answer serves one client only and leaves the store unchanged. */
function isLeftOver(verdict: Settle): boolean {
  return verdict.verdict === "pass-through" || (verdict.verdict === "refresh" && verdict.refusal !== undefined);
}

/** `undefined` where the request was in the cache's own name already, or would still carry something of its client. */
function inOwnName(request: CacheRequest): CacheRequest | undefined {
  const own = anonymously(request);
  return isAnonymous(own.facts) && !isAnonymous(request.facts) ? own : undefined;
}

/** Whether the origin sent a whole that is too large to be fetched for the sake of this range. */
function isForRange({ facts }: CacheRequest, plan: FetchPlan, response: ResponseFacts, nowMs: number): boolean {
  const { forCache, held, prefix, conditions, clientConditionals } = plan;
  // a fetch for the cache wants the whole; and a plan with conditions has sent the range already
  if (forCache || held || prefix || conditions.length > 0 || clientConditionals) return false;
  if (!isWasteful(facts, response)) return false;
  if (/^none$/i.test(response.field("accept-ranges") ?? "")) return false;
  return rangeApplies(facts.field, originValidators(response), false, nowMs);
}
