// Owns the way of one request, in the order it lives: receive, rule, look, then an answer, a forward, or a wait for another's.
import type { Outcome } from "../http/answer/cache-status.ts";
import type { RequestFacts } from "../http/message/facts.ts";
import type { ReasonCode } from "../http/law/reasons.ts";
import { freshSeconds } from "../http/law/reuse.ts";
import { type Failure, settleFailure } from "../http/law/settle.ts";
import type { Rule } from "../policy/define.ts";
import { ruleFor } from "../policy/match.ts";
import type { Found } from "../tiers/tier.ts";
import { planRest, planFetch } from "./fetch/fetch-plan.ts";
import { joined, landedWithin, needsOrigin } from "./collapse/collapse.ts";
import { deliverHeld } from "./answer/deliver.ts";
import type { Edge, Exchange } from "./edge.ts";
import { deliverFailure, deliverProblem } from "./answer/error-answer.ts";
import type { Land, Landing } from "./collapse/flights.ts";
import { forward } from "./fetch/fetch.ts";
import type { FoundPart } from "./fill/body-to-store.ts";
import { acquireLease, leaseKey } from "./collapse/lease.ts";
import { CLEAR, lookUp, type Seen } from "./lookup/lookup.ts";
import { bypass } from "./fetch/bypass.ts";
import { refuseLoop } from "./fetch/refuse-loop.ts";
import { patienceFor } from "./fetch/patience.ts";
import { receive } from "./receive.ts";
import { refreshLater } from "./collapse/refresh.ts";
import { applyRule } from "./lookup/apply-rule.ts";
import { LATE } from "../base/deadline.ts";
import { timed } from "./support/timings.ts";
import { deliveryOf, discard, present, type CacheRequest, cacheRequest } from "./cache-request.ts";
import { FETCH_WHOLE } from "./fetch/origin-request.ts";

const REFUSED: Outcome = { reason: "bad-request", hit: false };

export async function serve(edge: Edge, exchange: Exchange): Promise<Response> {
  const received = receive(exchange.request, edge);
  if (received.kind === "refused")
    return deliverProblem({ ...received, exchange, nowMs: edge.now() }, received.status, received.detail, REFUSED);
  const rule = ruleFor(edge.site, received.facts.location.path);
  const passes = received.kind === "bypass" ? received.reason : rule.bypass ? "rule" : undefined;
  if (passes === undefined) return lookup(edge, exchange, applyRule(received.facts, rule), rule);
  return refuseLoop(edge, exchange, received.facts) ?? bypass(edge, exchange, received.facts, passes);
}

/** How often a request looks again after another's fetch, before it fetches for itself. */
const MAX_WAITS = 4;

async function lookup(edge: Edge, exchange: Exchange, facts: RequestFacts, rule: Rule): Promise<Response> {
  let failures = 0;
  let waitedFor: ReasonCode | undefined;
  let last: Landing["kind"] | undefined;
  for (let waits = 0; ; waits++) {
    const lookedAt = edge.flights.moment();
    const looked = lookUp(edge, exchange, facts, rule);
    // each look follows another's landing
    // oxlint-disable-next-line no-await-in-loop
    const seen = looked instanceof Promise ? await looked : looked;
    const refused = seen.decided.verdict === "fresh" ? undefined : refuseLoop(edge, exchange, facts);
    if (refused) {
      discard(seen.held);
      return refused;
    }
    const trip = cacheRequest(seen.slot, { edge, exchange, facts, rule });
    // what was just stored and must be validated all the same can be shared with nobody
    const isAlone = waits >= MAX_WAITS || (last === "stored" && seen.decided.verdict === "revalidate");
    const flight = isAlone ? undefined : joined(trip, seen.decided, lookedAt);
    if (flight?.role === "leader") {
      // oxlint-disable-next-line no-await-in-loop
      const answered = await lead(exchange, flight.land, led(trip, seen, flight.land, waitedFor));
      if (answered !== "again") return answered;
      waitedFor ??= seen.decided.reason;
      continue;
    }
    if (!flight) return answer(trip, seen, undefined, waitedFor);
    discard(seen.held);
    waitedFor ??= seen.decided.reason;
    // oxlint-disable-next-line no-await-in-loop
    const landing = await timed(exchange, "wait", landedWithin(edge, flight, patienceFor(trip, seen)));
    if (landing === LATE) return failTogether(trip, "origin-timeout", "stale-if-slow");
    last = landing.kind;
    if (landing.kind === "unshared") waits = MAX_WAITS;
    if (landing.kind !== "failed") continue;
    failures += 1;
    // one retry for all; then nobody asks a dead origin again for this request
    if (landing.final || failures > 1) return failTogether(trip, landing.reason);
  }
}

/** A leader's client may leave, its fetch goes on for the others; and nobody waits for one that ended in a fault of ours. */
async function lead<T>(exchange: Exchange, land: Land, answered: T | Promise<T>): Promise<T> {
  const ended = Promise.resolve(answered).then(
    () => undefined,
    () => {
      land({ kind: "unshared" });
    },
  );
  exchange.background(ended);
  return answered;
}

/**
 * The leader's own answer: from the origin, or from what another isolate fetched where the rule has them wait for each other.
 * "again" where that was another variant: then this one has a key, and a lease, of its own.
 */
async function led(
  trip: CacheRequest,
  seen: Seen,
  land: Land,
  waitedFor: ReasonCode | undefined,
): Promise<Response | "again"> {
  if (trip.rule.collapse !== "global") return answer(trip, seen, land, waitedFor);
  const asking = acquireLease(trip, seen.nowMs, patienceFor(trip, seen), land);
  const leave = await timed(trip.exchange, "wait", asking);
  if (leave.kind === "alone") return answer(trip, seen, land, waitedFor);
  if (leave.kind === "sole") {
    const sole = { ...trip, slot: { ...trip.slot, sole: true } };
    return lead(trip.exchange, leave.land, answer(sole, seen, leave.land, waitedFor));
  }
  // a stream must not stay open while we wait
  discard(seen.held);
  // there is nothing to share: nobody here needs to wait, either
  if ((await timed(trip.exchange, "wait", leave.ended())) === "unshared") land({ kind: "unshared" });
  const again = await lookUp(trip.edge, trip.exchange, trip.facts, trip.rule);
  const next = cacheRequest(again.slot, trip);
  const isFound = !needsOrigin(again.decided);
  const isOther = leaseKey(next) !== leaseKey(trip);
  // what is found is found by those who wait here, too
  if (isFound || isOther) land({ kind: "stored" });
  if (isFound || !isOther) return answer(next, again, land, waitedFor ?? seen.decided.reason);
  discard(again.held);
  return "again";
}

/** What a failure leaves to those who waited for another's fetch: something stale, because of `standsIn`, or the same failure. */
async function failTogether(trip: CacheRequest, failure: Failure, standsIn?: ReasonCode): Promise<Response> {
  const { edge, exchange, facts, rule } = trip;
  const seen = await lookUp(edge, exchange, facts, rule);
  const { decided, held, purge, nowMs } = seen;
  // a third has fetched it meanwhile
  if (decided.verdict === "fresh" || decided.verdict === "stale-while-revalidate") {
    return answer(cacheRequest(seen.slot, trip), seen, undefined, undefined);
  }
  const stored = decided.verdict === "revalidate" ? decided.stored : undefined;
  const verdict = settleFailure(failure, { stored, purge }, nowMs);
  const outcome: Outcome = { reason: decided.reason, hit: false, collapsed: true, settled: verdict.reason };
  if (verdict.verdict === "serve-stale") {
    const settled = standsIn ?? verdict.reason;
    return deliverHeld(deliveryOf(trip, nowMs), present(held), { ...outcome, settled });
  }
  discard(held);
  return deliverFailure(deliveryOf(trip, nowMs), verdict, outcome);
}

/** Carries out the verdict on what was seen. `land` tells those who wait how the fetch ended; `waitedFor`: why this one waited. */
function answer(
  trip: CacheRequest,
  seen: Seen,
  land: Land | undefined,
  waitedFor: ReasonCode | undefined,
): Response | Promise<Response> {
  const { decided, held, purge, nowMs, fence } = seen;
  const { reason } = decided;
  const settled = seen.unproven ? "purge-unknown" : undefined;
  const delivery = deliveryOf(trip, nowMs);
  const about = { reason, held, fence, purge, intent: FETCH_WHOLE };
  switch (decided.verdict) {
    case "fresh":
      return deliverHeld(
        delivery,
        present(held),
        waitedFor === undefined
          ? { reason, hit: true, settled }
          : { reason: waitedFor, hit: false, collapsed: true, settled },
      );
    case "stale-while-revalidate":
      refreshLater(trip, about, nowMs);
      return deliverHeld(delivery, present(held), {
        reason,
        hit: true,
        settled,
        ttlSeconds: Math.floor(freshSeconds(decided.stored, purge, nowMs)),
      });
    case "revalidate":
      return forward(trip, { ...about, land, patienceMs: patienceFor(trip, seen) });
    case "complete":
      return forward(trip, { reason, prefix: partIn(held), purge, intent: planRest(decided.stored), land });
    case "fetch": {
      const neighbour = reason === "partial" ? partIn(held) : undefined;
      if (!neighbour) discard(held);
      return forward(trip, {
        reason,
        neighbour,
        // a part cannot be validated, but the answer in its place ends it as it would a whole
        given: reason !== "partial" && held?.stored.part ? held.stored : undefined,
        purge: CLEAR,
        intent: planFetch(trip, decided.clientConditionals),
        land,
      });
    }
    case "unsatisfiable":
      discard(held);
      return deliverProblem(delivery, 504, "nothing stored satisfies only-if-cached", { reason, hit: false });
  }
}

/** A part is small: it is always held as bytes. */
function partIn(held: Found | undefined): FoundPart | undefined {
  if (held?.body.kind !== "bytes") return undefined;
  return { stored: held.stored, bytes: held.body.bytes, tier: held.tier };
}
