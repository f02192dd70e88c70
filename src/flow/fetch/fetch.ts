// Owns one fetch of a cacheable request: ask the origin, settle, conclude. If the origin is slow, a stale response goes out first.
import type { ReasonCode } from "../../http/law/reasons.ts";
import { type OriginFetch, settle, settleFailure } from "../../http/law/settle.ts";
import { type Stored, storedValidators } from "../../http/law/stored.ts";
import type { Found } from "../../tiers/tier.ts";
import { LATE, within } from "../../base/deadline.ts";
import { unread } from "../../base/streams.ts";
import { deliverHeld } from "../answer/deliver.ts";
import { deliveryOf } from "../answer/delivery.ts";
import { deliverFailure } from "../answer/error-answer.ts";
import { type CacheRequest, discard, present } from "../cache-request.ts";
import { applyRuleToAnswer } from "../lookup/apply-rule.ts";
import { nextAfter } from "./ask-again.ts";
import { askOrigin, type OriginAnswer } from "./ask-origin.ts";
import { conclude } from "./conclude.ts";
import { endedWith, type Fetched } from "./fetched.ts";
import { type FetchPlan, noteSize, planFor } from "./fetch-plan.ts";
import { hintsFor, missedHints } from "./hints.ts";
import { noteBackoff } from "./origin-backoff.ts";

/** Fetches for a client. `isAwaited`: whether followers wait for the fetch; absent where there is no flight. */
export function fetchFor(request: CacheRequest, isAwaited?: () => boolean): Promise<Fetched> {
  const plan = planFor(request);
  if (plan.held !== request.found) discard(request.found);
  return fetchFromOrigin(request, { ...plan, isAwaited });
}

/** Fetches by `plan`. A background refresh calls it, too, and discards the response. */
export async function fetchFromOrigin(request: CacheRequest, plan: FetchPlan): Promise<Fetched> {
  const { edge, exchange, facts, slot } = request;
  const { held, patienceMs } = plan;
  if (patienceMs !== undefined && edge.marks.originBackoff.has(slot.key)) {
    const response = staleMeanwhile(request, plan, "stale-if-busy");
    return endedWith(response, { kind: "failed", failure: "origin-resting" });
  }
  const hints = hintsFor(request, plan);
  // take the fence before sending, so that a purge during the fetch applies to the answer. A 304 must not overtake a purge either, so a
  // validation uses the fence of the lookup that judged the stored response
  const fence = held ? plan.fence : edge.purges.fence();
  const asked: OriginFetch = { ...plan, fence, request: { ...facts, unkeyed: [...facts.unkeyed, ...hints] } };
  const conditions = [...plan.conditions, ...(held ? storedValidators(held.stored) : [])];
  const asking = askOrigin(request, { ...plan, hints, conditions, varied: slot.index?.fields ?? [] });
  if (patienceMs === undefined) return arrived(request, plan, asked, await asking);
  const upstream = await within(edge.clock.timeout(patienceMs), asking);
  if (upstream !== LATE) return arrived(request, plan, asked, upstream);
  const later = arrivedLater(request, plan, asked, asking);
  exchange.background(later);
  const result = later.then((fetched) => fetched.result);
  // `background` reports the failure of `later` already
  result.catch(() => undefined);
  const filed = async (): Promise<void> => (await later).filed?.();
  return { response: staleMeanwhile(request, plan, "stale-if-slow"), result, filed };
}

/** Sends the stored response to the client. Followers go on waiting for the fetch. */
function staleMeanwhile(request: CacheRequest, { held, reason }: FetchPlan, settled: ReasonCode): Response {
  return deliverHeld(deliveryOf(request, request.edge.clock.now()), present(held), { reason, hit: false, settled });
}

/** Continues the fetch after its client got the stored response. A streamed body was read for that, so look it up again. */
async function arrivedLater(
  request: CacheRequest,
  plan: FetchPlan,
  asked: OriginFetch,
  asking: Promise<OriginAnswer>,
): Promise<Fetched> {
  const upstream = await asking;
  const held = plan.held?.body.kind === "stream" ? await foundAgain(request, plan.held.stored) : plan.held;
  const later: FetchPlan = {
    ...plan,
    held,
    given: plan.held?.stored,
    forCache: true,
    isAwaited: () => true,
    patienceMs: undefined,
  };
  const fetched = await arrived(request, later, { ...asked, held }, upstream);
  await unread(fetched.response.body);
  return fetched;
}

/** `undefined` where the stored response is gone or replaced: then the origin's answer is not about it. */
async function foundAgain({ edge, exchange, slot }: CacheRequest, before: Stored): Promise<Found | undefined> {
  const isSame = ({ receivedAtMs, etag }: Stored): boolean =>
    receivedAtMs === before.receivedAtMs && etag === before.etag;
  const { found } = await edge.stack.lookup(slot, isSame, exchange.background);
  if (found && isSame(found.stored)) return found;
  discard(found);
  return undefined;
}

async function arrived(
  request: CacheRequest,
  plan: FetchPlan,
  asked: OriginFetch,
  upstream: OriginAnswer,
): Promise<Fetched> {
  const nowMs = request.edge.clock.now();
  const delivery = deliveryOf(request, nowMs);
  const { reason, held, standIn = held } = plan;
  if (upstream.kind === "failure") {
    const verdict = settleFailure(upstream.reason, asked, nowMs);
    const outcome = { reason, hit: false, settled: verdict.reason };
    const result = { kind: "failed", failure: upstream.reason } as const;
    if (verdict.verdict === "serve-stale") return endedWith(deliverHeld(delivery, present(standIn), outcome), result);
    discard(standIn);
    return endedWith(deliverFailure(delivery, upstream, outcome), result);
  }
  const { body: content } = upstream.raw;
  const response = applyRuleToAnswer(upstream.response, request.facts, request.rule, held?.stored);
  noteBackoff(request, response);
  const hints = missedHints(request, plan, response);
  if (hints.length > 0) {
    await unread(content);
    return fetchFromOrigin(request, { ...plan, hints });
  }
  noteSize(request, response);
  const verdict = nextAfter(settle(response, asked, request.rule, nowMs), request, plan, response, nowMs);
  if (verdict.verdict === "ask-again") {
    await unread(content);
    return fetchFromOrigin(verdict.request, verdict.plan);
  }
  const outcome = { reason, hit: false, fwdStatus: response.status, settled: verdict.reason };
  return conclude(request, plan, verdict, { asked, response, content, delivery, outcome });
}
