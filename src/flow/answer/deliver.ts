// Owns the answer a client gets, from a stored response or from the origin's: its fields, its Age, and its coding.
import type { Outcome } from "../../http/answer/cache-status.ts";
import type { ContentCoding } from "../../http/select/coding.ts";
import type { ResponseFacts } from "../../http/message/facts.ts";
import { deliverable } from "../../http/message/field-table.ts";
import { declaredLength, type HeaderPairs } from "../../http/message/fields.ts";
import { initialAge } from "../../http/law/freshness.ts";
import { encodedFields, negotiatedFields } from "../../http/answer/negotiated.ts";
import { withPrivate } from "../../http/law/made-private.ts";
import { ageSeconds, originValidators, remainingSeconds, shownFields, shownValidators } from "../../http/law/stored.ts";
import type { Found } from "../../tiers/tier.ts";
import type { Delivery } from "./delivery.ts";
import { encodedForm, negotiate } from "./negotiate.ts";
import { type Answer, respond } from "./respond.ts";

/** A stored response: the edge computes its Age (RFC 9111 5.1). */
export function deliverHeld(delivery: Delivery, { stored, body, tier }: Found, outcome: Outcome): Response {
  const ttlSeconds = outcome.ttlSeconds ?? Math.floor(remainingSeconds(stored, delivery.nowMs));
  const length = body.kind === "bytes" ? body.bytes.length : stored.bodyLength;
  const age = ageSeconds(stored, delivery.nowMs);
  const answer: Answer = {
    status: stored.status,
    fields: shownFields(stored),
    age,
    validators: shownValidators(stored),
    divisible: true,
    content: body.kind === "bytes" ? body.bytes : body.stream,
    slice: body.kind === "stream" ? body.slice : undefined,
    length,
    first: stored.part?.first ?? 0,
    total: stored.part ? stored.part.total : length,
  };
  const { compressible = false, openEnded = false } = stored;
  const negotiated = negotiatedAnswer(
    delivery,
    answer,
    compressible && !stored.part && (length !== undefined || openEnded),
    openEnded,
    (coding) => {
      const form = delivery.offer && body.kind === "bytes" ? encodedForm(delivery.offer, body, coding) : undefined;
      return form && { content: form, length: form.length };
    },
  );
  return respond(delivery, aged(negotiated), { ...outcome, ttlSeconds, tier: outcome.hit ? tier : undefined });
}

function aged(answer: Answer): Answer {
  const encoded = (): Answer | undefined => {
    const form = answer.encoded?.();
    return form && aged(form);
  };
  const withAge = (fields: HeaderPairs): HeaderPairs => [...fields, ["Age", String(answer.age)]];
  return {
    ...answer,
    fields: withAge(answer.fields),
    rangeFields: answer.rangeFields && withAge(answer.rangeFields),
    encoded: answer.encoded && encoded,
  };
}

/** How the origin's own answer leaves. */
export interface AnswerManner {
  /** The answer is for one session, and the caches below must know it. */
  readonly addPrivate: boolean;
  /** The edge kept the client's conditionals and range from the origin, so it evaluates them itself. */
  readonly evaluateConditionals: boolean;
  /** Encodes `content` for one coding, where the body may leave encoded. */
  readonly encoded?: ((coding: ContentCoding) => ReadableStream<Uint8Array> | null) | undefined;
}

/** The origin's answer. `content`: its own body, or the client's side of a fill. */
export function deliverAnswer(
  delivery: Delivery,
  response: ResponseFacts,
  content: ReadableStream<Uint8Array> | null,
  outcome: Outcome,
  { addPrivate, evaluateConditionals, encoded }: AnswerManner,
): Response {
  const fields = deliverable(response.headers).filter(([name]) => name.toLowerCase() !== "content-length");
  const length = declaredLength(response.field);
  // a 304 would lose the cookie
  const evaluates = evaluateConditionals && response.field("set-cookie") === undefined;
  const answer: Answer = {
    status: response.status,
    fields: addPrivate ? withPrivate(fields) : fields,
    validators: evaluates ? originValidators(response) : undefined,
    divisible: response.status === 200,
    content,
    length,
    first: 0,
    total: length,
    age: Math.floor(initialAge(response)),
  };
  const negotiated = negotiatedAnswer(delivery, answer, encoded !== undefined, false, (coding) => {
    return { content: encoded?.(coding) ?? null, length: undefined };
  });
  return respond(delivery, negotiated, outcome);
}

/** The answer in the coding that Accept-Encoding selects, where clients may get different bytes. */
function negotiatedAnswer(
  { offer, facts }: Delivery,
  answer: Answer,
  compressible: boolean,
  openEnded: boolean,
  encode: (coding: ContentCoding) => Pick<Answer, "content" | "length"> | undefined,
): Answer {
  const coding =
    offer &&
    negotiate(
      offer,
      facts,
      compressible,
      answer.length ?? (openEnded ? Number.POSITIVE_INFINITY : undefined),
      openEnded,
    );
  if (coding === undefined) return answer;
  const fields = negotiatedFields(answer.fields, coding);
  if (coding === "identity") return { ...answer, fields };
  const encoded = (): Answer | undefined => {
    const form = encode(coding);
    return form && { ...answer, ...form, fields: encodedFields(fields, coding) };
  };
  return { ...answer, fields, encoded, rangeFields: negotiatedFields(answer.fields, "identity") };
}
