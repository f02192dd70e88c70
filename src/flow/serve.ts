// Owns the way of one request, in the order it lives: receive, rule, key, lookup, reuse, fetch, settle, store, deliver.
import type { Outcome } from "../http/cache-status.ts";
import type { RequestFacts } from "../http/facts.ts";
import { resourceKey, variantKey } from "../http/key.ts";
import { newerMayExist, type ReasonCode } from "../http/reasons.ts";
import { type PurgeState, reuse } from "../http/reuse.ts";
import { type Settle, settle } from "../http/settle.ts";
import { storedValidators, type Stored } from "../http/stored.ts";
import type { Rule } from "../policy/define.ts";
import { ruleFor } from "../policy/match.ts";
import type { Found, Place } from "../tiers/stack.ts";
import { type Delivery, deliverAnswer, deliverProblem, deliverStored } from "./deliver.ts";
import type { Edge, Exchange } from "./exchange.ts";
import { fill } from "./fill.ts";
import { AS_SENT, askOrigin, FETCH_WHOLE, type Intent, originOf } from "./origin.ts";
import { receive } from "./receive.ts";

/** One request that takes part in caching, with all that is known of it. */
interface Trip {
  readonly edge: Edge;
  readonly exchange: Exchange;
  readonly facts: RequestFacts;
  readonly rule: Rule;
  readonly place: Place;
}

/** Why a request goes to the origin, and with what in hand. */
interface Errand {
  readonly reason: ReasonCode;
  /** The stored response to validate. */
  readonly held: Found | undefined;
  readonly purge: PurgeState;
  readonly intent: Intent;
}

const CLEAR: PurgeState = { state: "clear" };
/** A refresh that has taken longer was cut off by the platform. */
const REFRESH_LIMIT_MS = 30_000;

export async function serve(edge: Edge, exchange: Exchange): Promise<Response> {
  const received = receive(exchange.request, edge.site);
  if (received.kind === "refused")
    return deliverProblem({ ...exchange, facts: undefined }, 400, received.detail, undefined);
  const { facts } = received;
  const rule = ruleFor(edge.site, facts.location.path);
  if (received.kind === "bypass") return passBy(edge, exchange, facts, received.reason);
  if (rule.bypass) return passBy(edge, exchange, facts, "rule");

  const inBound = edge.purges.ensure(rule.maxLagMs, exchange.background);
  const known = typeof inBound === "boolean" ? inBound : await inBound;
  const nowMs = edge.now();
  const judge = (stored: Stored) => reuse(facts, stored, purgeOf(edge, rule, known, stored), rule, nowMs);
  const enough = (stored: Stored) => !newerMayExist(judge(stored).reason);
  const asked = { key: keyOf(edge, facts, rule), request: facts.field, global: rule.global };
  const lookup = edge.stack.lookup(asked, enough, exchange.background);
  const { found, absence, index } = lookup instanceof Promise ? await lookup : lookup;

  const decided = found ? judge(found.stored) : reuse(facts, absence, CLEAR, rule, nowMs);
  const { reason } = decided;
  const trip: Trip = { edge, exchange, facts, rule, place: { ...asked, index } };
  switch (decided.verdict) {
    case "fresh":
      return fromHeld(trip, found, nowMs, { reason, hit: true });
    case "stale-while-revalidate":
      refreshLater(trip, {
        reason,
        held: found,
        purge: purgeOf(edge, rule, known, decided.stored),
        intent: FETCH_WHOLE,
      });
      return fromHeld(trip, found, nowMs, { reason, hit: true });
    case "revalidate":
      return goForward(trip, {
        reason,
        held: found,
        purge: purgeOf(edge, rule, known, decided.stored),
        intent: FETCH_WHOLE,
      });
    case "fetch":
      discard(found);
      return goForward(trip, {
        reason,
        held: undefined,
        purge: CLEAR,
        intent: { ...FETCH_WHOLE, clientConditionals: decided.clientConditionals },
      });
    case "unsatisfiable":
      discard(found);
      return deliverProblem({ ...exchange, facts }, 504, "nothing stored satisfies only-if-cached", {
        reason,
        hit: false,
      });
  }
}

/** fetch -> settle -> store -> deliver. A background refresh takes the same way and leaves the response unread. */
async function goForward(trip: Trip, errand: Errand): Promise<Response> {
  const { edge, exchange, facts, rule, place } = trip;
  const { held, purge, reason } = errand;
  // a purge between here and the answer must apply to the answer: the fence is taken before asking
  const fence = edge.purges.fence();
  const validators = held ? storedValidators(held.stored) : [];
  const upstream = await askOrigin(edge, exchange, facts, { ...errand.intent, validators });
  const nowMs = edge.now();
  const verdict = settle(
    upstream.kind === "response" ? { kind: "response", response: upstream.response } : upstream,
    { request: facts, stored: held?.stored, purge, fence },
    rule,
    nowMs,
  );
  const fwdStatus = upstream.kind === "response" ? upstream.response.status : undefined;
  const outcome: Outcome = { reason, hit: false, fwdStatus, stored: isStored(verdict), settled: verdict.reason };
  const delivery: Delivery = { facts, requestId: exchange.requestId, nowMs };
  const content = upstream.kind === "response" ? upstream.raw.body : null;
  if (verdict.verdict !== "pass-through" && verdict.verdict !== "store") await content?.cancel().catch(() => undefined);
  if (verdict.verdict !== "refresh" && verdict.verdict !== "serve-stale") discard(held);

  switch (verdict.verdict) {
    case "store": {
      if (upstream.kind !== "response") break;
      const length = upstream.response.field("content-length");
      const declared = content && length !== undefined ? Number(length) : undefined;
      const source = content ?? new Blob([]).stream();
      const filling = fill(edge.stack, { source, length: declared, place, stored: verdict.stored });
      exchange.background(filling.done);
      return deliverAnswer(delivery, upstream.response, filling.body, outcome, false);
    }
    case "pass-through":
      if (upstream.kind !== "response") break;
      return deliverAnswer(delivery, upstream.response, content, outcome, verdict.addPrivate);
    case "refresh":
      return held
        ? refreshed(trip, { ...held, stored: verdict.stored }, verdict.storable, delivery, outcome)
        : failed(trip, verdict.reason);
    case "serve-stale":
      return fromHeld(trip, held, nowMs, outcome);
    case "refetch":
      return goForward(trip, { reason, held: undefined, purge: CLEAR, intent: FETCH_WHOLE });
    case "fail":
      return failed(trip, verdict.reason);
  }
  return failed(trip, verdict.reason);
}

/** A validated response: its body goes on under the merged header section, in every tier and to the client. */
function refreshed(
  { edge, exchange, place }: Trip,
  held: Found,
  storable: boolean,
  delivery: Delivery,
  outcome: Outcome,
): Response {
  const { stored, body } = held;
  if (!storable) return deliverStored(delivery, stored, body, outcome);
  if (body.kind === "bytes") {
    exchange.background(edge.stack.store(place, stored, body.bytes));
    return deliverStored(delivery, stored, body, outcome);
  }
  const filling = fill(edge.stack, { source: body.stream, length: stored.bodyLength, place, stored });
  exchange.background(filling.done);
  return deliverStored(delivery, stored, { kind: "stream", stream: filling.body }, outcome);
}

/** One refresh for a stored response at a time. */
function refreshLater(trip: Trip, errand: Errand): void {
  const { edge, exchange, place } = trip;
  const id = variantKey(place.key, errand.held?.stored.variant ?? {});
  const runningSince = edge.refreshing.get(id) ?? Number.NEGATIVE_INFINITY;
  if (edge.now() - runningSince < REFRESH_LIMIT_MS) return;
  const startedAtMs = edge.now();
  edge.refreshing.set(id, startedAtMs);
  // bytes can be stored again after the client has had them; a stream cannot
  const held = errand.held?.body.kind === "bytes" ? errand.held : undefined;
  const refresh = goForward(trip, { ...errand, held })
    .then((response) => response.body?.cancel())
    .finally(() => {
      if (edge.refreshing.get(id) === startedAtMs) edge.refreshing.delete(id);
    });
  exchange.background(refresh);
}

async function passBy(edge: Edge, exchange: Exchange, facts: RequestFacts, reason: ReasonCode): Promise<Response> {
  const upstream = await askOrigin(edge, exchange, facts, AS_SENT);
  const outcome: Outcome = { reason, hit: false };
  if (upstream.kind === "failure")
    return problemOf(exchange, facts, upstream.reason, { ...outcome, settled: upstream.reason });
  const { response, raw } = upstream;
  // a switched protocol is a socket, not a message: nothing can be added to it
  if (response.status === 101) return raw;
  const delivery: Delivery = { facts, requestId: exchange.requestId, nowMs: edge.now() };
  return deliverAnswer(delivery, response, raw.body, { ...outcome, fwdStatus: response.status }, facts.hasSession);
}

function fromHeld({ facts, exchange }: Trip, found: Found | undefined, nowMs: number, outcome: Outcome): Response {
  if (!found) throw new TypeError("a verdict to answer from what is held, with nothing held");
  const { stored, body, tier } = found;
  const named = outcome.hit ? { ...outcome, tier } : outcome;
  return deliverStored({ facts, requestId: exchange.requestId, nowMs }, stored, body, named);
}

function failed({ exchange, facts }: Trip, reason: ReasonCode): Response {
  return problemOf(exchange, facts, reason, { reason, hit: false });
}

function problemOf(exchange: Exchange, facts: RequestFacts, reason: ReasonCode, outcome: Outcome): Response {
  const [status, title] =
    reason === "origin-timeout"
      ? ([504, "the origin did not answer in time"] as const)
      : ([502, "the origin cannot be reached"] as const);
  return deliverProblem({ ...exchange, facts }, status, title, outcome);
}

function purgeOf(edge: Edge, rule: Rule, known: boolean, stored: Stored): PurgeState {
  const state = edge.purges.stateOf(stored);
  if (known || state.state === "gone") return state;
  if (rule.onUnknown === "revalidate") return { state: "unknown" };
  return state.state === "unknown" ? CLEAR : state;
}

function keyOf(edge: Edge, { location }: RequestFacts, rule: Rule) {
  const origin = originOf(edge, location.host)?.origin ?? "zone";
  return resourceKey({ ...location, origin, policyVersion: rule.version });
}

function isStored(verdict: Settle): boolean {
  return verdict.verdict === "store" || (verdict.verdict === "refresh" && verdict.storable);
}

function discard(found: Found | undefined): void {
  if (found?.body.kind === "stream") void found.body.stream.cancel().catch(() => undefined);
}
