// Owns an answer that is stored while its client reads it: a whole, a part, or the rest of a stored part.
import { declaredLength } from "../../http/message/fields.ts";
import type { ResponseFacts } from "../../http/message/facts.ts";
import type { Settle } from "../../http/law/settle.ts";
import type { Stored } from "../../http/law/stored.ts";
import { decodedFacts, withWeakTag } from "../../http/body/content-decoding.ts";
import type { Found } from "../../tiers/tier.ts";
import { type AnswerManner, deliverAnswer, deliverHeld } from "../answer/deliver.ts";
import { type CacheRequest, present } from "../cache-request.ts";
import { precededBy } from "../fill/cut-stream.ts";
import { type Encoding, encodingOf } from "../fill/encoded-stream.ts";
import { fill } from "../fill/fill.ts";
import type { Arrival } from "./arrival.ts";
import { endReplaced } from "./end-stored.ts";
import type { Fetched, FetchResult } from "./fetched.ts";
import type { FetchPlan } from "./fetch-plan.ts";
import { noteStorable, noteTooLarge } from "./unstorable.ts";

/** Stores the answer. The body is decoded for the store, and encoded for the client, where the verdict and the client ask for it. */
export function storedAnswer(
  request: CacheRequest,
  plan: FetchPlan,
  { stored: settled, undo }: Settle & { readonly verdict: "store" },
  { response, content, delivery, outcome }: Arrival,
): Fetched {
  const { edge, exchange } = request;
  const read = undo ? withWeakTag(decodedFacts(response)) : response;
  const length = content ? declaredLength(read.field) : undefined;
  const stored = content && length === undefined ? { ...settled, openEnded: true } : settled;
  const source = content ?? emptyStream();
  const encoding = encodingOf(edge, length, exchange.background);
  const decoded = undo ? edge.codings.decoded(source, undo) : source;
  const { body, ...ended } = filled(request, plan, stored, decoded, length, encoding);
  const manner: AnswerManner = {
    addPrivate: false,
    evaluateConditionals: !plan.clientConditionals,
    encoded: mayBeEncoded(stored, read) ? (coding) => encoding.encoded(body, coding) : undefined,
  };
  return { ...ended, response: deliverAnswer(delivery, read, body, { ...outcome, stored: true }, manner) };
}

/** Whether the client may get the body encoded. A 206 stays as it is, even if it covers the whole. */
export function mayBeEncoded({ compressible = false, part }: Stored, { status }: ResponseFacts): boolean {
  return compressible && !part && status !== 206;
}

/** Stores and sends the whole: the stored beginning, followed by the rest from the origin. */
export function completedAnswer(
  request: CacheRequest,
  plan: FetchPlan,
  stored: Stored,
  { content, delivery, outcome }: Arrival,
): Fetched {
  const prefix = present(plan.prefix);
  const source = precededBy(prefix.bytes, content ?? emptyStream(), stored.bodyLength);
  const { body: stream, ...ended } = filled(request, plan, stored, source, stored.bodyLength);
  const whole: Found = { stored, body: { kind: "stream", stream }, tier: prefix.tier };
  return { ...ended, response: deliverHeld(delivery, whole, { ...outcome, stored: true }) };
}

function emptyStream(): ReadableStream<Uint8Array> {
  const stream: ReadableStream<Uint8Array> = new Blob([]).stream();
  return stream;
}

/** A fetch whose fill decides how it ends. `body`: for the client. */
export interface Filled extends Omit<Fetched, "response"> {
  readonly body: ReadableStream<Uint8Array>;
}

/** Starts the fill, and notes its outcome. `length`: bytes of `source`, where known. */
export function filled(
  request: CacheRequest,
  plan: FetchPlan,
  stored: Stored,
  source: ReadableStream<Uint8Array>,
  length: number | undefined,
  encoding?: Encoding,
): Filled {
  const { edge, exchange, slot, rule } = request;
  const { neighbour, isAwaited } = plan;
  const [whenStored, left] = [encoding?.stored, encoding?.left];
  const body = { length, slot, stored, neighbour, makesEtag: rule.etag, whenStored };
  const filling = fill(edge, { ...body, source, left, isAwaited });
  const result = filling.outcome.then(async (outcome): Promise<FetchResult> => {
    const isPart = stored.part !== undefined;
    if (outcome === "stored" && !isPart) noteStorable(request);
    // the next range must not fetch the whole in vain. A body that broke off, or that a tier refused, may be stored the next time
    if (outcome === "no-room" && !isPart) noteTooLarge(request);
    if ((outcome === "no-room" || outcome === "refused") && !isPart) endReplaced(request, plan);
    // followers mostly want the same coding, so they wait until memory has it
    await encoding?.settled();
    return { kind: outcome === "no-room" && isPart ? "no-room-for-part" : outcome };
  });
  exchange.background(result);
  exchange.background(filling.done);
  return { body: filling.body, result, stalled: filling.stalled, filed: filling.filed };
}
