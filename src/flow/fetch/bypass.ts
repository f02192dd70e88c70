// Owns requests that pass by the cache: the edge forwards them as they came, and returns the origin's answer. Unsafe ones invalidate.
import type { Outcome } from "../../http/answer/cache-status.ts";
import type { RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { deliverable } from "../../http/message/field-table.ts";
import { declaredLength } from "../../http/message/fields.ts";
import { answersGet } from "../../http/law/post-answer.ts";
import type { CacheKey } from "../../http/select/key.ts";
import type { ReasonCode } from "../../http/law/reasons.ts";
import { type OriginFetch, settle } from "../../http/law/settle.ts";
import type { Fence } from "../../http/law/stored.ts";
import { ruleFor } from "../../policy/match.ts";
import type { CacheSlot } from "../../tiers/tier.ts";
import { deliverAnswer } from "../answer/deliver.ts";
import type { Delivery } from "../answer/delivery.ts";
import type { Edge, Exchange } from "../edge.ts";
import { deliverFailure } from "../answer/error-answer.ts";
import { fill } from "../fill/fill.ts";
import { invalidate } from "./invalidate.ts";
import { keyOf, slotOf } from "../lookup/resource-key.ts";
import { askOrigin } from "./ask-origin.ts";
import { isSentAsRuled, applyRuleToAnswer, applyRule } from "../lookup/apply-rule.ts";
import { setDiagnostics } from "../answer/diagnostics.ts";
import { AS_SENT } from "./origin-request.ts";

export async function bypass(
  edge: Edge,
  exchange: Exchange,
  facts: RequestFacts,
  reason: ReasonCode,
): Promise<Response> {
  const fence = edge.purges.fence();
  const startedAt = edge.stack.tick();
  const rule = ruleFor(edge.site, facts.location.path);
  const upstream = await askOrigin({ edge, exchange, facts, rule }, AS_SENT);
  const delivery: Delivery = { facts, exchange, nowMs: edge.clock.now() };
  if (upstream.kind === "failure") {
    return deliverFailure(delivery, upstream, { reason, hit: false, settled: upstream.reason });
  }
  const { response, raw } = upstream;
  // a switched protocol is a socket, not a message; but clients read the fields it came with
  if (response.status === 101) {
    const headers = new Headers(deliverable([...raw.headers]).map(([name, value]) => [name, value]));
    setDiagnostics(headers, exchange, { reason, hit: false, fwdStatus: 101 });
    return new Response(null, { status: 101, webSocket: raw.webSocket, headers });
  }
  const overtaken = edge.stack.invalidatedSince(ownKey(edge, facts), startedAt);
  const invalidating = invalidate(edge, exchange, facts, response);
  // the answer survives its own invalidation, but not one by another request, before or from now on
  const begunAt = overtaken ? startedAt : edge.stack.tick();
  // invalidate before the client learns of its success, so that its next request cannot see the old state here
  const seq = await invalidating;
  const clientBody = storedForGet(
    edge,
    exchange,
    facts,
    response,
    raw.body,
    after(fence, seq),
    begunAt,
    delivery.nowMs,
  );
  const outcome: Outcome = { reason, hit: false, fwdStatus: response.status, stored: clientBody !== undefined };
  const manner = {
    addPrivate: (facts.hasSession || facts.hasPreview) && clientBody === undefined,
    evaluateConditionals: false,
  };
  return deliverAnswer(delivery, response, clientBody ?? raw.body, outcome, manner);
}

function ownKey(edge: Edge, { location }: RequestFacts): CacheKey {
  return keyOf(edge, location, ruleFor(edge.site, location.path));
}

/** The answer to a POST survives its own invalidation, but not another one that came meanwhile. */
function after(fence: Fence | undefined, seq: number | undefined): Fence | undefined {
  return fence && seq === fence.seq + 1 ? { ...fence, seq } : fence;
}

/** Stores an answer to POST that a GET would get as well. Returns the client's body of the fill; `undefined` where nothing is stored. */
function storedForGet(
  edge: Edge,
  exchange: Exchange,
  facts: RequestFacts,
  response: ResponseFacts,
  content: ReadableStream<Uint8Array> | null,
  fence: Fence | undefined,
  startedAt: CacheSlot["startedAt"],
  nowMs: number,
): ReadableStream<Uint8Array> | undefined {
  const rule = ruleFor(edge.site, facts.location.path);
  const ruled = applyRule(facts, rule);
  if (!content || rule.bypass || !rule.storesPost || !answersGet(facts, response) || !isSentAsRuled(facts, ruled))
    return undefined;
  const request: RequestFacts = { ...ruled, method: "GET" };
  const fetch: OriginFetch = { request, clientConditionals: false, purge: { state: "clear" }, fence };
  const verdict = settle(applyRuleToAnswer(response, request, rule), fetch, rule, nowMs);
  const slot = slotOf(edge, request, rule, startedAt);
  if (verdict.verdict !== "store" || edge.stack.invalidatedSince(slot.key, startedAt)) return undefined;
  const length = declaredLength(response.field);
  const filling = fill(edge, { source: content, length, slot, stored: verdict.stored, makesEtag: rule.etag });
  exchange.background(filling.done);
  return filling.body;
}
