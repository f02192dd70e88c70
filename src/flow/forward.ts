// Owns fetch -> settle -> store -> deliver: the one way to the origin for a request that takes part in caching.
import type { Outcome } from "../http/cache-status.ts";
import type { RequestFacts, ResponseFacts } from "../http/facts.ts";
import { declaredLength } from "../http/fields.ts";
import { type ReasonCode, withdraws } from "../http/reasons.ts";
import type { PurgeState } from "../http/reuse.ts";
import { type Asked, settle, settleFailure } from "../http/settle.ts";
import { type Stored, storedValidators } from "../http/stored.ts";
import type { Rule } from "../policy/define.ts";
import type { Found, Place } from "../tiers/tier.ts";
import { type Delivery, deliverAnswer, deliverFailure, deliverHeld } from "./deliver.ts";
import type { Edge, Exchange } from "./exchange.ts";
import { fill } from "./fill.ts";
import { askOrigin, FETCH_WHOLE, type Intent } from "./origin.ts";

/** One request that takes part in caching, with all that is known of it. */
export interface Trip {
  readonly edge: Edge;
  readonly exchange: Exchange;
  readonly facts: RequestFacts;
  readonly rule: Rule;
  readonly place: Place;
}

/** Why a request goes to the origin, and with what in hand. */
export interface Errand {
  readonly reason: ReasonCode;
  /** The stored response to validate. */
  readonly held: Found | undefined;
  readonly purge: PurgeState;
  readonly intent: Intent;
}

/** A background refresh takes the same way and leaves the response unread. */
export async function forward(trip: Trip, errand: Errand): Promise<Response> {
  const { edge, exchange, facts } = trip;
  const { held, reason } = errand;
  // the fence is taken before asking, so that a purge while we wait applies to the answer
  const asked: Asked = {
    request: facts,
    stored: held?.stored,
    clientConditionals: errand.intent.clientConditionals && isConditional(facts),
    purge: errand.purge,
    fence: edge.purges.fence(),
  };
  const validators = held ? storedValidators(held.stored) : [];
  const upstream = await askOrigin(edge, exchange, facts, { ...errand.intent, validators });
  const delivery: Delivery = { facts, requestId: exchange.requestId, nowMs: edge.now() };
  if (upstream.kind === "response") {
    const outcome = { reason, hit: false, fwdStatus: upstream.response.status };
    return settled(trip, errand, asked, upstream.response, upstream.raw.body, delivery, outcome);
  }
  const verdict = settleFailure(upstream.reason, asked, delivery.nowMs);
  const outcome: Outcome = { reason, hit: false, settled: verdict.reason };
  if (verdict.verdict === "serve-stale") return deliverHeld(delivery, present(held), outcome);
  discard(held);
  return deliverFailure(delivery, verdict.reason, outcome);
}

async function settled(
  trip: Trip,
  { held, reason, intent }: Errand,
  asked: Asked,
  response: ResponseFacts,
  content: ReadableStream<Uint8Array> | null,
  delivery: Delivery,
  before: Outcome,
): Promise<Response> {
  const verdict = settle(response, asked, trip.rule, delivery.nowMs);
  const outcome: Outcome = { ...before, settled: verdict.reason };
  const evaluateConditionals = !intent.clientConditionals;
  switch (verdict.verdict) {
    case "store": {
      discard(held);
      const body = stored(trip, verdict.stored, content, response);
      return deliverAnswer(
        delivery,
        response,
        body,
        { ...outcome, stored: true },
        { addPrivate: false, evaluateConditionals },
      );
    }
    case "pass-through":
      discard(held);
      if (held) withdraw(trip, verdict.reason);
      return deliverAnswer(delivery, response, content, outcome, {
        addPrivate: verdict.addPrivate,
        evaluateConditionals,
      });
    case "refresh":
      await content?.cancel();
      if (verdict.refusal !== undefined) {
        withdraw(trip, verdict.refusal);
        return deliverHeld(delivery, { ...present(held), stored: verdict.stored }, outcome);
      }
      return refreshed(trip, { ...present(held), stored: verdict.stored }, delivery, { ...outcome, stored: true });
    case "serve-stale":
      await content?.cancel();
      return deliverHeld(delivery, present(held), outcome);
    case "fail":
      await content?.cancel();
      return deliverFailure(delivery, verdict.reason, outcome);
    case "refetch":
      await content?.cancel();
      discard(held);
      return forward(trip, { reason, held: undefined, purge: { state: "clear" }, intent: FETCH_WHOLE });
  }
}

function isConditional({ field }: RequestFacts): boolean {
  return field("if-none-match") !== undefined || field("if-modified-since") !== undefined;
}

/** The origin has said to nobody in particular that the resource is not to be shared: what is stored of it must not answer. */
function withdraw({ edge, exchange, facts, place }: Trip, reason: ReasonCode): void {
  if (!withdraws(reason) || facts.hasSession || facts.hasAuthorization) return;
  exchange.background(edge.stack.invalidate(place.key));
}

/** Starts the fill and returns the client's side of it. */
function stored(
  { edge, exchange, place }: Trip,
  record: Stored,
  content: ReadableStream<Uint8Array> | null,
  response: ResponseFacts,
): ReadableStream<Uint8Array> {
  const length = content ? declaredLength(response.field) : undefined;
  const filling = fill(edge.stack, { source: content ?? new Blob([]).stream(), length, place, stored: record });
  exchange.background(filling.done);
  return filling.body;
}

/** A validated response: its body goes on under the merged header section, in every tier and to the client. */
function refreshed({ edge, exchange, place }: Trip, held: Found, delivery: Delivery, outcome: Outcome): Response {
  if (held.body.kind === "bytes") {
    exchange.background(edge.stack.store(place, held.stored, held.body.bytes));
    return deliverHeld(delivery, held, outcome);
  }
  const { stored: record, body } = held;
  const filling = fill(edge.stack, { source: body.stream, length: record.bodyLength, place, stored: record });
  exchange.background(filling.done);
  return deliverHeld(delivery, { ...held, body: { kind: "stream", stream: filling.body } }, outcome);
}

/** A verdict about a stored response comes only where one was looked up. */
export function present(held: Found | undefined): Found {
  if (!held) throw new TypeError("a verdict about a stored response, with none at hand");
  return held;
}

/** Gives back what was looked up and is not used. */
export function discard(found: Found | undefined): void {
  if (found?.body.kind === "stream") void found.body.stream.cancel().catch(() => undefined);
}
