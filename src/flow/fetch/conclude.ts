// Owns what becomes of an answer that came: stored, refreshed, completed, passed on, or something stale in its place.
import type { Outcome } from "../../http/answer/cache-status.ts";
import type { RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { declaredLength } from "../../http/message/fields.ts";
import { type Asked, settle, type Settle } from "../../http/law/settle.ts";
import type { ReasonCode } from "../../http/law/reasons.ts";
import type { Stored } from "../../http/law/stored.ts";
import { decodedFacts, withWeakTag } from "../../http/body/content-decoding.ts";
import type { Found } from "../../tiers/tier.ts";
import { type AnswerManner, type Delivery, deliverAnswer, deliverHeld } from "../answer/deliver.ts";
import { type Encoding, encodingOf } from "../fill/encoded-stream.ts";
import { endReplaced, endStored } from "./end-stored.ts";
import { deliverFailure } from "../answer/error-answer.ts";
import { fill } from "../fill/fill.ts";
import type { Landing } from "../collapse/flights.ts";
import type { BodyOutcome } from "../fill/body-store.ts";
import { precededBy } from "../fill/cut-stream.ts";
import { discard, type FetchPlan, present, type CacheRequest, unread } from "../cache-request.ts";
import { noteStorable, noteTooLarge, noteUnstorable } from "./unstorable.ts";

/** The origin's answer, its body unread, and what is known by now of the one that leaves. */
export interface Arrival {
  readonly response: ResponseFacts;
  readonly content: ReadableStream<Uint8Array> | null;
  readonly delivery: Delivery;
  readonly outcome: Outcome;
}

/** Carries out a verdict on what the origin said. */
export async function conclude(
  trip: CacheRequest,
  errand: FetchPlan,
  asked: Asked,
  verdict: Exclude<Settle, { verdict: "refetch" }>,
  { response, content, delivery, outcome }: Arrival,
): Promise<Response> {
  const { held, standIn = held, intent } = errand;
  switch (verdict.verdict) {
    case "store":
      discard(standIn);
      return storedAnswer(trip, errand, verdict, { response, content, delivery, outcome });
    case "complete":
      return completedAnswer(trip, errand, verdict.stored, content, delivery, outcome);
    case "pass-through":
      endStored(trip, errand, response.status, verdict.reason);
      noteUnstorable(trip, intent, response, verdict.reason);
      errand.land?.(UNSHARED);
      if (held && verdict.freshened) keepFreshened(trip, held, verdict.freshened);
      else discard(standIn);
      return passedAnswer(
        trip,
        asked,
        { response, content, delivery, outcome: { ...outcome, unkeyed: namedUnkeyed(trip, asked, verdict.reason) } },
        {
          addPrivate: verdict.addPrivate,
          evaluateConditionals: !intent.clientConditionals,
        },
      );
    case "refresh":
      await unread(content);
      if (verdict.refusal !== undefined) {
        endStored(trip, errand, response.status, verdict.refusal);
        errand.land?.(UNSHARED);
        return deliverHeld(delivery, { ...present(held), stored: verdict.stored }, outcome);
      }
      return refreshed(renewing(trip, held), errand, { ...present(held), stored: verdict.stored }, delivery, outcome);
    case "serve-stale":
      errand.land?.({ kind: "failed", reason: "origin-unreachable", final: true });
      await unread(content);
      return deliverHeld(delivery, present(standIn), outcome);
    case "fail":
      errand.land?.({ kind: "failed", reason: verdict.reason, final: false });
      await unread(content);
      discard(standIn);
      return deliverFailure(delivery, verdict, outcome);
  }
}

/** The fields that kept an answer out of the store, for a client that may know. */
function namedUnkeyed(
  { exchange }: CacheRequest,
  { request }: Asked,
  reason: ReasonCode,
): readonly string[] | undefined {
  return reason === "unkeyed-field" && exchange.shows === "all" ? request.unkeyed : undefined;
}

/** The origin's answer, given to its client while it is stored: decoded and encoded on the way, where that is to be. */
function storedAnswer(
  trip: CacheRequest,
  errand: FetchPlan,
  { stored: settled, undo }: Settle & { readonly verdict: "store" },
  { response, content, delivery, outcome }: Arrival,
): Response {
  const { codings } = trip.edge;
  const read = undo ? withWeakTag(decodedFacts(response)) : response;
  const length = content ? declaredLength(read.field) : undefined;
  const stored = content && length === undefined ? { ...settled, openEnded: true } : settled;
  const source = content ?? emptyStream();
  const encoding = encodingOf(trip.edge, length, trip.exchange.background);
  const body = filled(trip, errand, stored, undo ? codings.decoded(source, undo) : source, length, encoding);
  const manner: AnswerManner = {
    addPrivate: false,
    evaluateConditionals: !errand.intent.clientConditionals,
    encoded: mayBeEncoded(stored, read) ? (coding) => encoding.encoded(body, coding) : undefined,
  };
  return deliverAnswer(delivery, read, body, { ...outcome, stored: true }, manner);
}

/** What came as a 206 leaves as one, even where it is all there is. */
function mayBeEncoded({ compressible = false, part }: Stored, { status }: ResponseFacts): boolean {
  return compressible && !part && status !== 206;
}

/** As it came; but HEAD has the fields of a GET, whose body a fill would decode and encode (RFC 9110 9.3.2). */
function passedAnswer(
  { facts, rule }: CacheRequest,
  asked: Asked,
  { response, content, delivery, outcome }: Arrival,
  manner: AnswerManner,
): Response {
  const request: RequestFacts = { ...facts, method: "GET" };
  const whole =
    facts.method === "HEAD"
      ? settle(response, { ...asked, request, stored: undefined }, rule, delivery.nowMs)
      : undefined;
  if (whole?.verdict !== "store") return deliverAnswer(delivery, response, content, outcome, manner);
  const read = whole.undo ? withWeakTag(decodedFacts(response)) : response;
  const encoded = mayBeEncoded(whole.stored, read) ? () => null : undefined;
  return deliverAnswer(delivery, read, content, outcome, { ...manner, encoded });
}

/** The stored beginning and the rest that came, as the whole. */
function completedAnswer(
  trip: CacheRequest,
  errand: FetchPlan,
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

const STORED: Landing = { kind: "stored" };
const UNSHARED: Landing = { kind: "unshared" };
const AGAIN: Landing = { kind: "again" };
const LANDINGS: Readonly<Record<BodyOutcome, Landing>> = {
  kept: STORED,
  declined: UNSHARED,
  refused: UNSHARED,
  unwanted: AGAIN,
  broken: { kind: "failed", reason: "origin-unreachable", final: false },
};

/** Starts the fill and returns the client's side of it. */
function filled(
  trip: CacheRequest,
  errand: FetchPlan,
  stored: Stored,
  source: ReadableStream<Uint8Array>,
  length: number | undefined,
  encoding?: Encoding,
): ReadableStream<Uint8Array> {
  const { edge, exchange, slot, rule } = trip;
  const { neighbour, land, isAwaited = land?.isAwaited } = errand;
  const [whenStored, left] = [encoding?.stored, encoding?.left];
  const keepable = { length, slot, stored, neighbour, makesEtag: rule.etag, whenStored };
  const filling = fill(edge, { ...keepable, source, left, isAwaited });
  const ended = filling.kept.then(async (kept) => {
    if (kept === "kept" && !stored.part) noteStorable(trip);
    // the next range need not fetch the whole for nothing; what broke off, or a tier refused, may be kept the next time
    if (kept === "declined" && !stored.part) noteTooLarge(trip);
    if ((kept === "declined" || kept === "refused") && !stored.part) endReplaced(trip, errand);
    // those who wait for it mostly want the same coding
    await encoding?.settled();
    // a part that nobody keeps says nothing of the whole
    land?.(kept === "declined" && stored.part ? AGAIN : LANDINGS[kept], filling.filed);
  });
  if (land) void filling.stalled.then(() => land({ kind: "stalled" }));
  exchange.background(ended);
  exchange.background(filling.done);
  return filling.body;
}

/** What is stored from here on has the body of `held`, and must not cover a newer one. */
function renewing(trip: CacheRequest, held: Found | undefined): CacheRequest {
  return { ...trip, slot: { ...trip.slot, renews: held?.stored } };
}

/** A validated response: its body goes on under the merged header section, in every tier and to the client. */
function refreshed(trip: CacheRequest, errand: FetchPlan, held: Found, delivery: Delivery, before: Outcome): Response {
  const { stored, body } = held;
  const outcome: Outcome = { ...before, stored: true };
  if (body.kind === "bytes") {
    const filed = trip.edge.stack.store(trip.slot, stored, body.bytes);
    trip.exchange.background(filed);
    noteStorable(trip);
    errand.land?.(STORED, () => filed);
    return deliverHeld(delivery, held, outcome);
  }
  // the same body goes on, and costs the origin nothing, whoever leaves: a tier that does not take it anew leaves what it has
  const again: FetchPlan = { ...errand, held: undefined, given: undefined, isAwaited: () => true };
  const stream = filled(trip, again, stored, body.stream, stored.bodyLength);
  return deliverHeld(delivery, { ...held, body: { kind: "stream", stream } }, outcome);
}

/** What a HEAD confirmed goes on under its new header section; a stream that nobody reads is not filed again for that. */
function keepFreshened(trip: CacheRequest, held: Found, freshened: Stored): void {
  const { edge, exchange, slot } = renewing(trip, held);
  if (held.body.kind === "bytes") exchange.background(edge.stack.store(slot, freshened, held.body.bytes));
  else discard(held);
}
