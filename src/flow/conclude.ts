// Owns what becomes of an answer that came: stored, refreshed, completed, passed on, or something stale in its place.
import type { Outcome } from "../http/cache-status.ts";
import type { ResponseFacts } from "../http/facts.ts";
import { declaredLength } from "../http/fields.ts";
import { isOfRequest, type ReasonCode, withdraws } from "../http/reasons.ts";
import type { Settle } from "../http/settle.ts";
import type { Stored } from "../http/stored.ts";
import { asRead, codingToRestore } from "../http/undone.ts";
import type { Found } from "../tiers/tier.ts";
import { type Delivery, deliverAnswer, deliverHeld } from "./deliver.ts";
import { deliverFailure } from "./fail.ts";
import { fill } from "./fill.ts";
import type { Landing } from "./flights.ts";
import type { Kept } from "./keeper.ts";
import { precededBy } from "./slice.ts";
import { discard, type Errand, isAuthenticated, present, type Trip } from "./trip.ts";
import type { Intent } from "./upstream-request.ts";

/** The origin's answer, its body unread, and what is known by now of the one that leaves. */
export interface Arrival {
  readonly response: ResponseFacts;
  readonly content: ReadableStream<Uint8Array> | null;
  readonly delivery: Delivery;
  readonly outcome: Outcome;
}

/** Carries out a verdict on what the origin said. */
export async function conclude(
  trip: Trip,
  errand: Errand,
  verdict: Exclude<Settle, { verdict: "refetch" }>,
  { response, content, delivery, outcome }: Arrival,
): Promise<Response> {
  const { held, standIn = held, intent } = errand;
  switch (verdict.verdict) {
    case "store":
      discard(standIn);
      return storedAnswer(trip, errand, verdict.stored, response, content, delivery, outcome);
    case "complete":
      return completedAnswer(trip, errand, verdict.stored, content, delivery, outcome);
    case "pass-through":
      errand.land?.({ kind: "unshared" });
      if (held && verdict.freshened) keepFreshened(trip, held, verdict.freshened);
      else discard(standIn);
      withdraw(trip, errand, verdict.reason);
      markUnstorable(trip, intent, verdict.reason);
      return deliverAnswer(delivery, asGetWouldRead(trip, response), content, outcome, {
        addPrivate: verdict.addPrivate,
        evaluateConditionals: !intent.clientConditionals,
      });
    case "refresh":
      await content?.cancel();
      if (verdict.refusal !== undefined) {
        errand.land?.({ kind: "unshared" });
        withdraw(trip, errand, verdict.refusal);
        return deliverHeld(delivery, { ...present(held), stored: verdict.stored }, outcome);
      }
      return refreshed(renewing(trip, held), errand, { ...present(held), stored: verdict.stored }, delivery, outcome);
    case "serve-stale":
      errand.land?.({ kind: "failed", reason: "origin-unreachable", final: true });
      await content?.cancel();
      return deliverHeld(delivery, present(standIn), outcome);
    case "fail":
      errand.land?.({ kind: "failed", reason: verdict.reason, final: false });
      await content?.cancel();
      discard(standIn);
      return deliverFailure(delivery, verdict, outcome);
  }
}

/** The origin's answer, given to its client while it is stored. */
function storedAnswer(
  trip: Trip,
  errand: Errand,
  stored: Stored,
  response: ResponseFacts,
  content: ReadableStream<Uint8Array> | null,
  delivery: Delivery,
  outcome: Outcome,
): Response {
  const read = asRead(response, stored.coding !== undefined);
  const length = content ? declaredLength(read.field) : undefined;
  const body = filled(trip, errand, stored, content ?? emptyStream(), length);
  const manner = { addPrivate: false, evaluateConditionals: !errand.intent.clientConditionals };
  return deliverAnswer(delivery, read, body, { ...outcome, stored: true }, manner);
}

/** The stored beginning and the rest that came, as the whole. */
function completedAnswer(
  trip: Trip,
  errand: Errand,
  stored: Stored,
  content: ReadableStream<Uint8Array> | null,
  delivery: Delivery,
  outcome: Outcome,
): Response {
  const prefix = present(errand.prefix);
  const source = precededBy(prefix.bytes, content ?? emptyStream(), stored.bodyLength);
  const stream = filled(trip, errand, stored, source, stored.bodyLength);
  const whole: Found = { stored, body: { kind: "stream", stream }, tier: prefix.tier };
  return deliverHeld(delivery, whole, { ...outcome, stored: true });
}

function emptyStream(): ReadableStream<Uint8Array> {
  const stream: ReadableStream<Uint8Array> = new Blob([]).stream();
  return stream;
}

/** HEAD has the fields of a GET, whose body would be read here (RFC 9110 9.3.2). */
function asGetWouldRead({ facts, rule }: Trip, response: ResponseFacts): ResponseFacts {
  if (facts.method !== "HEAD") return response;
  return asRead(response, codingToRestore(response, facts.field("accept-encoding"), rule.keepCodings) !== undefined);
}

/** How long an answer that was not to be stored speaks for the next ones. */
const UNSTORABLE_SECONDS = 60;

/** Only the resource's own reasons count, said of the whole: no client decides for the others. */
function markUnstorable({ edge, facts, place }: Trip, { conditions }: Intent, reason: ReasonCode): void {
  const asksForWhole = facts.method === "GET" && conditions.length === 0;
  if (asksForWhole && !isAuthenticated(facts) && !isOfRequest(reason))
    edge.unstorable.mark(place.key, UNSTORABLE_SECONDS);
}

/** The origin has said to nobody in particular that the resource is not to be shared: what is stored of it must not answer. */
function withdraw({ edge, exchange, facts, place }: Trip, errand: Errand, reason: ReasonCode): void {
  const stored = (errand.held ?? errand.standIn ?? errand.prefix ?? errand.neighbour)?.stored ?? errand.given;
  const extent = withdraws(reason);
  if (!stored || extent === undefined || isAuthenticated(facts)) return;
  exchange.background(extent === "variant" ? edge.stack.drop(place, stored) : edge.stack.invalidate(place.key));
}

const STORED: Landing = { kind: "stored" };
const UNSHARED: Landing = { kind: "unshared" };
const LANDINGS: Readonly<Record<Kept, Landing>> = {
  kept: STORED,
  declined: UNSHARED,
  refused: UNSHARED,
  broken: { kind: "failed", reason: "origin-unreachable", final: false },
};

/** Starts the fill and returns the client's side of it. */
function filled(
  { edge, exchange, place, rule }: Trip,
  { neighbour, land }: Errand,
  stored: Stored,
  source: ReadableStream<Uint8Array>,
  length: number | undefined,
): ReadableStream<Uint8Array> {
  const filling = fill(edge, { source, length, place, stored, neighbour, makesEtag: rule.etag });
  const ended = filling.kept.then((kept) => {
    // the next range need not fetch the whole for nothing; what broke off, or a tier refused, may be kept the next time
    if (kept === "declined" && !stored.part) edge.unstorable.mark(place.key, UNSTORABLE_SECONDS);
    land?.(LANDINGS[kept], filling.filed);
  });
  exchange.background(ended);
  exchange.background(filling.done);
  return filling.body;
}

/** What is stored from here on has the body of `held`, and must not cover a newer one. */
function renewing(trip: Trip, held: Found | undefined): Trip {
  return { ...trip, place: { ...trip.place, renews: held?.stored } };
}

/** A validated response: its body goes on under the merged header section, in every tier and to the client. */
function refreshed(trip: Trip, errand: Errand, held: Found, delivery: Delivery, before: Outcome): Response {
  const { stored, body } = held;
  const outcome: Outcome = { ...before, stored: true };
  if (body.kind === "bytes") {
    const filed = trip.edge.stack.store(trip.place, stored, body.bytes);
    trip.exchange.background(filed);
    errand.land?.(STORED, () => filed);
    return deliverHeld(delivery, held, outcome);
  }
  const stream = filled(trip, errand, stored, body.stream, stored.bodyLength);
  return deliverHeld(delivery, { ...held, body: { kind: "stream", stream } }, outcome);
}

/** What a HEAD confirmed goes on under its new header section; a stream that nobody reads is not filed again for that. */
function keepFreshened(trip: Trip, held: Found, freshened: Stored): void {
  const { edge, exchange, place } = renewing(trip, held);
  if (held.body.kind === "bytes") exchange.background(edge.stack.store(place, freshened, held.body.bytes));
  else discard(held);
}
