// Owns the answer to a follower whose flight failed, or lasts longer than its patience: a stale response, or the failure.
import type { ReasonCode } from "../../http/law/reasons.ts";
import { type Failure, settleFailure } from "../../http/law/settle.ts";
import { deliverHeld } from "../answer/deliver.ts";
import { deliveryOf } from "../answer/delivery.ts";
import { deliverFailure } from "../answer/error-answer.ts";
import { type CacheRequest, discard, present } from "../cache-request.ts";
import { lookUp } from "../lookup/lookup.ts";
import type { Ways } from "./ways.ts";

/** `standsIn`: the reason code if a stale response stands in; by default the failure's. */
export async function shareFailure(
  request: CacheRequest,
  { answer }: Pick<Ways, "answer">,
  failure: Failure,
  standsIn?: ReasonCode,
): Promise<Response> {
  const next = await lookUp(request);
  const { verdict, found, purge, nowMs } = next;
  // another request has fetched the response meanwhile
  if (verdict.verdict === "fresh" || verdict.verdict === "stale-while-revalidate") return answer(next);
  const held = verdict.verdict === "revalidate" ? found : undefined;
  const settled = settleFailure(failure, { held, purge }, nowMs);
  const outcome = { reason: verdict.reason, hit: false, collapsed: true };
  const delivery = deliveryOf(next, nowMs);
  if (settled.verdict === "serve-stale") {
    return deliverHeld(delivery, present(held), { ...outcome, settled: standsIn ?? settled.reason });
  }
  discard(found);
  return deliverFailure(delivery, settled, { ...outcome, settled: settled.reason });
}
