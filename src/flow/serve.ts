// Owns the steps of one request, in their order: receive, look up, then answer from the store, or collapse around a fetch.
import type { Outcome } from "../http/answer/cache-status.ts";
import type { ReasonCode } from "../http/law/reasons.ts";
import { freshSeconds } from "../http/law/reuse.ts";
import { ruleFor } from "../policy/match.ts";
import { deliverHeld } from "./answer/deliver.ts";
import { deliveryOf } from "./answer/delivery.ts";
import { deliverProblem } from "./answer/error-answer.ts";
import { type CacheRequest, discard, present } from "./cache-request.ts";
import { collapse } from "./collapse/collapse.ts";
import { refreshLater } from "./collapse/refresh.ts";
import type { Edge, Exchange } from "./edge.ts";
import { bypass } from "./fetch/bypass.ts";
import { fetchFor } from "./fetch/fetch.ts";
import { refuseLoop } from "./fetch/refuse-loop.ts";
import { applyRule } from "./lookup/apply-rule.ts";
import { lookUp } from "./lookup/lookup.ts";
import { receive } from "./receive.ts";

const REFUSED: Outcome = { reason: "bad-request", hit: false };

export async function serve(edge: Edge, exchange: Exchange): Promise<Response> {
  const received = receive(exchange.request, edge);
  if (received.kind === "refused")
    return deliverProblem(
      { ...received, exchange, nowMs: edge.clock.now() },
      received.status,
      received.detail,
      REFUSED,
    );
  const { facts } = received;
  const rule = ruleFor(edge.site, facts.location.path);
  const passes = received.kind === "bypass" ? received.reason : rule.bypass ? "rule" : undefined;
  if (passes !== undefined) return refuseLoop(edge, exchange, facts) ?? bypass(edge, exchange, facts, passes);
  const request = lookUp({ edge, exchange, rule, ruled: applyRule(facts, rule) });
  return answer(request instanceof Promise ? await request : request);
}

/** Carries out the verdict of the lookup. `waitedFor`: the reason why the request waited for another request's fetch before. */
function answer(request: CacheRequest, waitedFor?: ReasonCode): Response | Promise<Response> {
  const { verdict } = request;
  switch (verdict.verdict) {
    case "fresh":
      return hit(request, waitedFor);
    case "stale-while-revalidate":
      return refusedAsLoop(request) ?? staleHit(request);
    case "unsatisfiable":
      return refusedAsLoop(request) ?? unsatisfied(request);
    case "revalidate":
    case "complete":
    case "fetch":
      return refusedAsLoop(request) ?? collapse(request, { answer, fetch: fetchFor });
  }
}

/** Refuses a request that loops back to this edge. It must not wait for a flight, because that flight may have caused the request. */
function refusedAsLoop(request: CacheRequest): Response | undefined {
  const refusal = refuseLoop(request.edge, request.exchange, request.facts);
  if (refusal) discard(request.found);
  return refusal;
}

function hit(request: CacheRequest, waitedFor: ReasonCode | undefined): Response {
  const { reason } = request.verdict;
  const how = waitedFor === undefined ? { reason, hit: true } : { reason: waitedFor, hit: false, collapsed: true };
  return answerWith(request, how);
}

function staleHit(request: CacheRequest): Response {
  const { verdict, found, purge, nowMs } = request;
  refreshLater(request);
  const ttlSeconds = Math.floor(freshSeconds(present(found).stored, purge, nowMs));
  return answerWith(request, { reason: verdict.reason, hit: true, ttlSeconds });
}

function answerWith(request: CacheRequest, outcome: Outcome): Response {
  const { found, unproven, nowMs } = request;
  const settled = unproven ? "purge-unknown" : undefined;
  return deliverHeld(deliveryOf(request, nowMs), present(found), { ...outcome, settled });
}

function unsatisfied(request: CacheRequest): Response {
  const { verdict, found, nowMs } = request;
  discard(found);
  const detail = "nothing stored satisfies only-if-cached";
  return deliverProblem(deliveryOf(request, nowMs), 504, detail, { reason: verdict.reason, hit: false });
}
