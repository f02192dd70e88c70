// Owns fetch -> settle -> store -> deliver: the one way to the origin for a request that takes part in caching.
import type { Outcome } from "../http/cache-status.ts";
import type { RequestFacts, ResponseFacts } from "../http/facts.ts";
import { declaredLength } from "../http/fields.ts";
import { isOfRequest, type ReasonCode, withdraws } from "../http/reasons.ts";
import type { PurgeState } from "../http/reuse.ts";
import { type Asked, settle, type Settle, settleFailure } from "../http/settle.ts";
import { type Stored, storedValidators } from "../http/stored.ts";
import { decodedFacts, withWeakTag } from "../http/undone.ts";
import type { Rule } from "../policy/define.ts";
import type { Found, Place } from "../tiers/tier.ts";
import { type AnswerManner, type Delivery, deliverAnswer, deliverHeld } from "./deliver.ts";
import { type Encoding, encodingOf } from "./encoding.ts";
import type { Edge, Exchange } from "./exchange.ts";
import { deliverFailure } from "./fail.ts";
import { fill, type FoundPart } from "./fill.ts";
import type { Land, Landing } from "./flights.ts";
import { askOrigin, FETCH_WHOLE, type Intent } from "./origin.ts";
import { ruledAnswer } from "./ruled.ts";
import { precededBy } from "./slice.ts";

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
  readonly held?: Found | undefined;
  /** The stored part whose rest is asked for. */
  readonly prefix?: FoundPart | undefined;
  /** A stored part that a new one may make larger. */
  readonly neighbour?: FoundPart | undefined;
  readonly purge: PurgeState;
  readonly intent: Intent;
  /** Tells those who wait for this fetch how it ended. */
  readonly land?: Land | undefined;
}

/** A background refresh takes the same way and leaves the response unread. */
export async function forward(trip: Trip, errand: Errand): Promise<Response> {
  const { edge, exchange, facts } = trip;
  const { held, reason, intent } = errand;
  // the fence is taken before asking, so that a purge while we wait applies to the answer
  const asked: Asked = {
    request: facts,
    stored: held?.stored,
    prefix: errand.prefix?.stored,
    clientConditionals: intent.clientConditionals && isConditional(facts),
    purge: errand.purge,
    fence: edge.purges.fence(),
  };
  const validators = held ? storedValidators(held.stored) : [];
  const upstream = await askOrigin(edge, exchange, facts, {
    ...intent,
    varied: trip.place.index?.fields ?? [],
    conditions: [...intent.conditions, ...validators],
  });
  const delivery: Delivery = {
    facts,
    requestId: exchange.requestId,
    nowMs: edge.now(),
    browser: trip.rule.browser,
    offer: { edge, codings: trip.rule.compress },
  };
  if (upstream.kind === "response") {
    const outcome = { reason, hit: false, fwdStatus: upstream.response.status };
    const response = ruledAnswer(upstream.response, facts, trip.rule);
    return settled(trip, errand, asked, response, upstream.raw.body, delivery, outcome);
  }
  const verdict = settleFailure(upstream.reason, asked, delivery.nowMs);
  const outcome: Outcome = { reason, hit: false, settled: verdict.reason };
  errand.land?.({ kind: "failed", reason: upstream.reason });
  if (verdict.verdict === "serve-stale") return deliverHeld(delivery, present(held), outcome);
  discard(held);
  return deliverFailure(delivery, verdict.reason, outcome);
}

async function settled(
  trip: Trip,
  errand: Errand,
  asked: Asked,
  response: ResponseFacts,
  content: ReadableStream<Uint8Array> | null,
  delivery: Delivery,
  before: Outcome,
): Promise<Response> {
  const { held, reason, intent } = errand;
  const verdict = settle(response, asked, trip.rule, delivery.nowMs);
  const outcome: Outcome = { ...before, settled: verdict.reason };
  switch (verdict.verdict) {
    case "store":
      discard(held);
      return storedAnswer(trip, errand, verdict, response, content, delivery, outcome);
    case "complete":
      return completedAnswer(trip, errand, verdict.stored, content, delivery, outcome);
    case "pass-through":
      errand.land?.({ kind: "unshared" });
      if (held && verdict.freshened) keepFreshened(trip, held, verdict.freshened);
      else discard(held);
      if (held) withdraw(trip, verdict.reason);
      markUnstorable(trip, intent, verdict.reason);
      return passedAnswer(trip, asked, response, content, delivery, outcome, {
        addPrivate: verdict.addPrivate,
        evaluateConditionals: !intent.clientConditionals,
      });
    case "refresh":
      await content?.cancel();
      if (verdict.refusal !== undefined) {
        errand.land?.({ kind: "unshared" });
        withdraw(trip, verdict.refusal);
        return deliverHeld(delivery, { ...present(held), stored: verdict.stored }, outcome);
      }
      return refreshed(trip, errand, { ...present(held), stored: verdict.stored }, delivery, outcome);
    case "serve-stale":
      errand.land?.({ kind: "failed", reason: "origin-unreachable" });
      await content?.cancel();
      return deliverHeld(delivery, present(held), outcome);
    case "fail":
      errand.land?.({ kind: "failed", reason: verdict.reason });
      await content?.cancel();
      return deliverFailure(delivery, verdict.reason, outcome);
    case "refetch":
      await content?.cancel();
      discard(held);
      return forward(trip, { reason, purge: { state: "clear" }, intent: FETCH_WHOLE, land: errand.land });
  }
}

/** The origin's answer, given to its client while it is stored. */
function storedAnswer(
  trip: Trip,
  errand: Errand,
  { stored, undo }: Settle & { readonly verdict: "store" },
  response: ResponseFacts,
  content: ReadableStream<Uint8Array> | null,
  delivery: Delivery,
  outcome: Outcome,
): Response {
  const { codings, stack } = trip.edge;
  const read = undo ? withWeakTag(decodedFacts(response)) : response;
  const length = content ? declaredLength(read.field) : undefined;
  const source = content ?? emptyStream();
  const encoding = encodingOf(codings, stack, length, trip.exchange.background);
  const body = filled(trip, errand, stored, undo ? codings.decoded(source, undo) : source, length, encoding);
  return deliverAnswer(
    delivery,
    read,
    body,
    { ...outcome, stored: true },
    {
      addPrivate: false,
      evaluateConditionals: !errand.intent.clientConditionals,
      encoded: stored.compressible ? (coding) => encoding.encoded(body, coding) : undefined,
    },
  );
}

/** As it came; but HEAD has the fields of a GET, whose body a fill would decode and encode (RFC 9110 9.3.2). */
function passedAnswer(
  { facts, rule }: Trip,
  asked: Asked,
  response: ResponseFacts,
  content: ReadableStream<Uint8Array> | null,
  delivery: Delivery,
  outcome: Outcome,
  manner: AnswerManner,
): Response {
  const request: RequestFacts = { ...facts, method: "GET" };
  const whole =
    facts.method === "HEAD"
      ? settle(response, { ...asked, request, stored: undefined }, rule, delivery.nowMs)
      : undefined;
  if (whole?.verdict !== "store") return deliverAnswer(delivery, response, content, outcome, manner);
  const read = whole.undo ? withWeakTag(decodedFacts(response)) : response;
  const encoded = whole.stored.compressible ? () => null : undefined;
  return deliverAnswer(delivery, read, content, outcome, { ...manner, encoded });
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
  const source = precededBy(prefix.bytes, content ?? emptyStream());
  const stream = filled(trip, errand, stored, source, stored.bodyLength);
  const whole: Found = { stored, body: { kind: "stream", stream }, tier: prefix.tier };
  return deliverHeld(delivery, whole, { ...outcome, stored: true });
}

function emptyStream(): ReadableStream<Uint8Array> {
  const stream: ReadableStream<Uint8Array> = new Blob([]).stream();
  return stream;
}

function isConditional({ field }: RequestFacts): boolean {
  return field("if-none-match") !== undefined || field("if-modified-since") !== undefined;
}

/** What is answered to it says nothing of what others would get. */
function isAuthenticated({ hasSession, hasAuthorization }: RequestFacts): boolean {
  return hasSession || hasAuthorization;
}

/** Only the resource's own reasons count, said of the whole: no client decides for the others. */
function markUnstorable({ edge, facts, place }: Trip, { conditions }: Intent, reason: ReasonCode): void {
  const asksForWhole = facts.method === "GET" && conditions.length === 0;
  if (asksForWhole && !isAuthenticated(facts) && !isOfRequest(reason)) edge.unstorable.mark(place.key);
}

/** The origin has said to nobody in particular that the resource is not to be shared: what is stored of it must not answer. */
function withdraw({ edge, exchange, facts, place }: Trip, reason: ReasonCode): void {
  if (!withdraws(reason) || isAuthenticated(facts)) return;
  exchange.background(edge.stack.invalidate(place.key));
}

const STORED: Landing = { kind: "stored" };
const BROKE_OFF: Landing = { kind: "failed", reason: "origin-unreachable" };

/** Starts the fill and returns the client's side of it. */
function filled(
  { edge, exchange, place, rule }: Trip,
  { neighbour, land }: Errand,
  stored: Stored,
  source: ReadableStream<Uint8Array>,
  length: number | undefined,
  encoding?: Encoding,
): ReadableStream<Uint8Array> {
  const whenStored = encoding?.stored;
  const filling = fill(edge.stack, { source, length, place, stored, neighbour, makesEtag: rule.etag, whenStored });
  if (land) {
    const landed = filling.kept.then(async (kept) => {
      // those who wait for it mostly want the same coding
      await encoding?.settled();
      land(kept ? STORED : BROKE_OFF);
    });
    exchange.background(landed);
  }
  exchange.background(filling.done);
  return filling.body;
}

/** A validated response: its body goes on under the merged header section, in every tier and to the client. */
function refreshed(trip: Trip, errand: Errand, held: Found, delivery: Delivery, before: Outcome): Response {
  const { stored, body } = held;
  const outcome: Outcome = { ...before, stored: true };
  if (body.kind === "bytes") {
    trip.exchange.background(trip.edge.stack.store(trip.place, stored, body.bytes));
    errand.land?.(STORED);
    return deliverHeld(delivery, held, outcome);
  }
  const stream = filled(trip, errand, stored, body.stream, stored.bodyLength);
  return deliverHeld(delivery, { ...held, body: { kind: "stream", stream } }, outcome);
}

/** What a HEAD confirmed goes on under its new header section; a stream that nobody reads is not filed again for that. */
function keepFreshened({ edge, exchange, place }: Trip, held: Found, freshened: Stored): void {
  if (held.body.kind === "bytes") exchange.background(edge.stack.store(place, freshened, held.body.bytes));
  else discard(held);
}

/** A verdict about a stored response comes only where one was looked up. */
export function present<Held extends Found | FoundPart>(held: Held | undefined): Held {
  if (!held) throw new TypeError("a verdict about a stored response, with none at hand");
  return held;
}

/** Gives back what was looked up and is not used. */
export function discard(found: Found | undefined): void {
  if (found?.body.kind === "stream") void found.body.stream.cancel().catch(() => undefined);
}
