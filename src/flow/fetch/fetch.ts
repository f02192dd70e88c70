// Owns the one way to the origin for a request that takes part in caching: ask, settle, conclude; or something stale, if that takes too long.
import { isAnonymous } from "../../http/law/anonymous.ts";
import type { Outcome } from "../../http/answer/cache-status.ts";
import type { RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { splitList } from "../../http/message/fields.ts";
import type { ReasonCode } from "../../http/law/reasons.ts";
import { rangeApplies } from "../../http/message/conditional.ts";
import { retryAfterSeconds } from "../../http/message/retry-after.ts";
import { type Asked, type Settle, settle, settleFailure } from "../../http/law/settle.ts";
import { originValidators, type Stored, storedValidators } from "../../http/law/stored.ts";
import type { Found } from "../../tiers/tier.ts";
import { planRange, noteSize } from "./fetch-plan.ts";
import { conclude } from "./conclude.ts";
import { deliverHeld } from "../answer/deliver.ts";
import { deliverFailure } from "../answer/error-answer.ts";
import { askOrigin, type OriginAnswer } from "./ask-origin.ts";
import { applyRuleToAnswer } from "../lookup/apply-rule.ts";
import { LATE, within } from "../../base/deadline.ts";
import {
  deliveryOf,
  discard,
  type FetchPlan,
  anonymously,
  present,
  type CacheRequest,
  unread,
} from "../cache-request.ts";
import { isUnstorable } from "./unstorable.ts";
import { FETCH_WHOLE, type Intent } from "./origin-request.ts";
import { isWasteful } from "../fill/fill-cost.ts";

/** A background refresh takes the same way and leaves the response unread. */
export async function forward(trip: CacheRequest, errand: FetchPlan): Promise<Response> {
  const { edge, exchange, facts, rule, slot } = trip;
  const { held, intent: wanted, patienceMs } = errand;
  const intent = { ...wanted, hints: hintsFor(trip, wanted) };
  if (patienceMs !== undefined && edge.originBackoff.has(slot.key)) return meanwhile(trip, errand, "stale-if-busy");
  // the fence is taken before asking, so that a purge while we wait applies to the answer; and where something is held, when that
  // was judged: a purge since then, which nobody has asked about, must not be overtaken by a 304
  const asked: Asked = {
    request: { ...facts, unkeyed: [...facts.unkeyed, ...intent.hints] },
    stored: held?.stored,
    standIn: errand.standIn?.stored,
    prefix: errand.prefix?.stored,
    clientConditionals: intent.clientConditionals && isConditional(facts),
    purge: errand.purge,
    fence: held ? errand.fence : edge.purges.fence(),
  };
  const validators = held ? storedValidators(held.stored) : [];
  const varied = slot.index?.fields ?? [];
  const conditions = [...intent.conditions, ...validators];
  const asking = askOrigin(edge, exchange, facts, { ...intent, varied, conditions }, rule);
  if (patienceMs === undefined) return arrived(trip, errand, asked, await asking);
  const upstream = await within(edge.timeout(patienceMs), asking);
  if (upstream !== LATE) return arrived(trip, errand, asked, upstream);
  const later = arriveLater(trip, errand, asked, asking).catch((cause: unknown) => {
    // nobody waits for a fetch that ended in a fault of ours
    errand.land?.({ kind: "unshared" });
    throw cause;
  });
  exchange.background(later);
  return meanwhile(trip, errand, "stale-if-slow");
}

/** What is held goes to the client; who waits for the fetch goes on waiting, if there is one. */
function meanwhile(trip: CacheRequest, { held, reason, land }: FetchPlan, settled: ReasonCode): Response {
  if (settled === "stale-if-busy") land?.({ kind: "failed", reason: "origin-resting", final: true });
  return deliverHeld(deliveryOf(trip, trip.edge.now()), present(held), { reason, hit: false, settled });
}

/** The fetch goes on without its client, who has what was held; a stream of it is read by now, so it is opened anew. */
async function arriveLater(
  trip: CacheRequest,
  errand: FetchPlan,
  asked: Asked,
  asking: Promise<OriginAnswer>,
): Promise<void> {
  const upstream = await asking;
  const held = errand.held?.body.kind === "stream" ? await foundAgain(trip, errand.held.stored) : errand.held;
  const [given, isAwaited] = [errand.held?.stored, (): boolean => true];
  const later: FetchPlan = { ...errand, held, given, forCache: true, isAwaited };
  const response = await arrived(trip, later, { ...asked, stored: held?.stored }, upstream);
  await response.body?.cancel();
}

/** `undefined` where it is not there any more, or another has taken its place: what the origin says is not about that. */
async function foundAgain({ edge, exchange, slot }: CacheRequest, before: Stored): Promise<Found | undefined> {
  const isSame = ({ receivedAtMs, etag }: Stored): boolean =>
    receivedAtMs === before.receivedAtMs && etag === before.etag;
  const { found } = await edge.stack.lookup(slot, isSame, exchange.background);
  if (found && isSame(found.stored)) return found;
  discard(found);
  return undefined;
}

async function arrived(trip: CacheRequest, errand: FetchPlan, asked: Asked, upstream: OriginAnswer): Promise<Response> {
  const delivery = deliveryOf(trip, trip.edge.now());
  const { reason, held, standIn = held, land } = errand;
  if (upstream.kind === "response") {
    const { status } = upstream.response;
    const response = applyRuleToAnswer(upstream.response, trip.facts, trip.rule, held?.stored);
    const content = upstream.raw.body;
    noteRest(trip, response);
    const hints = hintsMissed(trip, errand, response);
    if (hints.length > 0) {
      await unread(content);
      return forward(trip, { ...errand, intent: { ...errand.intent, hints } });
    }
    noteSize(trip, response);
    const verdict = settle(response, asked, trip.rule, delivery.nowMs);
    if (verdict.verdict === "refetch") {
      await unread(content);
      const { purge, prefix, neighbour = prefix, given, forCache, isAwaited } = errand;
      return forward(trip, {
        reason,
        standIn,
        neighbour,
        given,
        forCache,
        isAwaited,
        purge,
        intent: FETCH_WHOLE,
        land,
      });
    }
    const again = errand.forCache && status < 500 && isLeftOver(verdict) ? inOwnName(trip) : undefined;
    if (again) {
      await unread(content);
      return forward(again, { ...errand, forCache: undefined, patienceMs: undefined });
    }
    if (verdict.verdict === "store" && isForRange(trip, errand, response, delivery.nowMs)) {
      await unread(content);
      const { purge, neighbour, given } = errand;
      return forward(trip, { reason, neighbour, given, purge, intent: planRange(trip.facts), land });
    }
    const outcome: Outcome = { reason, hit: false, fwdStatus: status, settled: verdict.reason };
    return conclude(trip, errand, asked, verdict, { response, content, delivery, outcome });
  }
  const verdict = settleFailure(upstream.reason, asked, delivery.nowMs);
  const outcome: Outcome = { reason, hit: false, settled: verdict.reason };
  // it has been asked twice, or should not be asked at all
  land?.({ kind: "failed", reason: upstream.reason, final: upstream.reason !== "origin-invalid" });
  if (verdict.verdict === "serve-stale") return deliverHeld(delivery, present(standIn), outcome);
  discard(standIn);
  return deliverFailure(delivery, upstream, outcome);
}

/** The same question without what is one client's own; `undefined` where it was asked so, or cannot be. */
function inOwnName(trip: CacheRequest): CacheRequest | undefined {
  const own = anonymously(trip);
  return isAnonymous(own.facts) && !isAnonymous(trip.facts) ? own : undefined;
}

/** It answers one client and leaves the store as it was. */
function isLeftOver(verdict: Settle): boolean {
  return verdict.verdict === "pass-through" || (verdict.verdict === "refresh" && verdict.refusal !== undefined);
}

/** Whether a whole came, unasked for, that is too large for the range that was: nothing is known of it, and only the range is fetched. */
function isForRange(
  { facts }: CacheRequest,
  { intent, held, prefix, isAwaited }: FetchPlan,
  response: ResponseFacts,
  nowMs: number,
): boolean {
  // the cache's own fetch is for the whole, whatever the request that caused it wanted
  if (isAwaited) return false;
  // a client's own range was sent already
  const isAsked = intent.conditions.length > 0 || intent.clientConditionals;
  if (isAsked || held || prefix || !isWasteful(facts, response)) return false;
  if (/^none$/i.test(response.field("accept-ranges") ?? "")) return false;
  return rangeApplies(facts.field, originValidators(response), false, nowMs);
}

/** A long rest would be a decision for the site's owner: longer than this nobody is kept from asking. */
const MAX_REST_SECONDS = 60;

/** Where something stale can answer, the origin is left alone for as long as it asks (RFC 9110 10.2.3). */
function noteRest({ edge, facts, slot }: CacheRequest, { status, field, receivedAtMs }: ResponseFacts): void {
  const rest = status === 503 ? retryAfterSeconds(field("retry-after"), receivedAtMs) : undefined;
  if (rest !== undefined && isAnonymous(facts)) edge.originBackoff.add(slot.key, Math.min(rest, MAX_REST_SECONDS));
}

/** Fields that go along although no stored response varies on them: all, where the answer will be for this client alone. */
function hintsFor(trip: CacheRequest, { hints }: Intent): readonly string[] {
  if (hints) return hints;
  return isUnstorable(trip) ? hintsOf(trip.facts) : [];
}

function hintsOf({ names, naming, declared }: RequestFacts): readonly string[] {
  return names.filter((name) => naming.groupOf(name) === "on-demand" && !declared.includes(name));
}

/** Fields that the answer's Vary names and that its request did not take along: what came was made without them. */
function hintsMissed({ facts, slot }: CacheRequest, { intent }: FetchPlan, response: ResponseFacts): readonly string[] {
  if (intent.hints || response.status === 304) return [];
  const sent = slot.index?.fields ?? [];
  const varied = splitList(response.field("vary")?.toLowerCase() ?? "");
  return hintsOf(facts).filter((name) => varied.includes(name) && !sent.includes(name));
}

function isConditional({ field }: RequestFacts): boolean {
  return field("if-none-match") !== undefined || field("if-modified-since") !== undefined;
}
