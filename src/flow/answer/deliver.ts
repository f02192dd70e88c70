// Owns the response a client gets, from a stored response or from the origin's: 304, 206, HEAD, Age and Cache-Status.
import { discard } from "../../base/streams.ts";
import { forBrowser } from "../../http/answer/browser.ts";
import type { Outcome } from "../../http/answer/cache-status.ts";
import type { ContentCoding } from "../../http/select/coding.ts";
import { notModified, rangeApplies, type Validators } from "../../http/message/conditional.ts";
import type { ResponseFacts } from "../../http/message/facts.ts";
import { deliverable, sentOn304 } from "../../http/message/field-table.ts";
import { declaredLength, type HeaderPairs } from "../../http/message/fields.ts";
import { initialAge } from "../../http/law/freshness.ts";
import { encodedFields, negotiatedFields } from "../../http/answer/negotiated.ts";
import { withPrivate } from "../../http/law/made-private.ts";
import { type ByteRange, contentRange, resolvedRange, unsatisfiedRange } from "../../http/message/range.ts";
import { isBodyless } from "../../http/message/status-table.ts";
import { ageSeconds, originValidators, remainingSeconds, shownFields, shownValidators } from "../../http/law/stored.ts";
import type { Found, RangeReader } from "../../tiers/tier.ts";
import type { Delivery } from "./delivery.ts";
import { encodedForm, negotiate } from "./negotiate.ts";
import { sendInChunks } from "../fill/chunked-send.ts";
import { cutStream } from "../fill/cut-stream.ts";
import { setDiagnostics } from "./diagnostics.ts";

type Content = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;

/** The whole answer, before conditionals and range. */
interface Answer {
  readonly status: number;
  readonly fields: HeaderPairs;
  /** Absent where the client's conditionals and range are not ours to evaluate. */
  readonly validators: Validators | undefined;
  /** Whether a range may be cut out of it: the origin's own 206 was cut already. */
  readonly divisible: boolean;
  readonly content: Content;
  /** Reads a range of `content` without the bytes before it. */
  readonly slice?: RangeReader | undefined;
  /** Bytes of `content`, where known. */
  readonly length: number | undefined;
  /** Where `content` begins in the whole, and the whole's length where known. */
  readonly first: number;
  readonly total: number | undefined;
  /** Value of its Age field, seconds; 0 where it has none. */
  readonly age: number;
  /** The same answer in this client's coding, where the client gets the whole; `undefined` where it stays plain. */
  readonly encoded?: (() => Answer | undefined) | undefined;
  /** The header section of a range of it, where the coding of the whole is negotiated. */
  readonly rangeFields?: HeaderPairs | undefined;
}

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
  return build(delivery, aged(negotiated), { ...outcome, ttlSeconds, tier: outcome.hit ? tier : undefined });
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
  return build(delivery, negotiated, outcome);
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

function build(delivery: Delivery, answer: Answer, outcome: Outcome): Response {
  const { facts, exchange, nowMs } = delivery;
  const shown = shownPart(delivery, answer);
  const sent = sentAs(shown, answer);
  const headers = new Headers();
  for (const [name, value] of fieldsOf(shown, { ...sent, fields: browserFields(delivery, sent) })) {
    headers.append(name, value);
  }
  if (!headers.has("date")) headers.set("Date", new Date(nowMs).toUTCString());
  setDiagnostics(headers, exchange, outcome);
  const status = shown.kind === "whole" ? answer.status : STATUS[shown.kind];
  const bodyless = facts.method === "HEAD" || isBodyless(status) || shown.kind === "unsatisfiable";
  const content = bodyless ? nothingOf(sent.content) : contentOf(shown, sent);
  // "manual": the header section already describes these bytes
  return new Response(content, { status, headers, encodeBody: "manual" });
}

/** The whole goes in the client's coding. Ranges go in plain bytes, because the origin's own tag names those. */
function sentAs({ kind }: Shown, answer: Answer): Answer {
  if (kind === "range") return { ...answer, fields: answer.rangeFields ?? answer.fields };
  return (kind === "whole" ? answer.encoded?.() : undefined) ?? answer;
}

/** The origin's own 304 carries the fields of its 200 (RFC 9110 15.4.5). */
function browserFields({ browser, nowMs }: Delivery, { status, fields, age }: Answer): HeaderPairs {
  return forBrowser({ status: status === 304 ? 200 : status, headers: fields, ageSeconds: age, nowMs }, browser);
}

/** The part of the answer that the client gets. */
type Shown =
  | { readonly kind: "whole" }
  | { readonly kind: "unchanged" }
  | { readonly kind: "range"; readonly range: ByteRange }
  | { readonly kind: "unsatisfiable"; readonly total: number };

const STATUS = { unchanged: 304, range: 206, unsatisfiable: 416 } as const;

/** Conditionals before range (RFC 9110 13.2.2). Both apply only to a 200, or to a part of one. */
function shownPart({ facts, nowMs }: Delivery, answer: Answer): Shown {
  const { status, validators, divisible, first, length, total } = answer;
  const reading = facts.method === "GET" || facts.method === "HEAD";
  if (!reading || !validators || (status !== 200 && status !== 206)) return { kind: "whole" };
  if (notModified(facts.field, validators, nowMs)) return { kind: "unchanged" };
  const { range } = facts;
  const isNegotiated = answer.encoded !== undefined;
  if (!range || !divisible || length === undefined || !rangeApplies(facts.field, validators, isNegotiated, nowMs)) {
    return { kind: "whole" };
  }
  // a stored part whose whole has an unknown length: the range asked for lies within the part
  const known = total ?? first + length;
  const resolved = resolvedRange(range, known);
  // the last n bytes of an empty body are the whole of it (RFC 9110 14.1.2)
  if (known === 0 && range.kind === "suffix" && range.length > 0) return { kind: "whole" };
  return resolved ? { kind: "range", range: resolved } : { kind: "unsatisfiable", total: known };
}

function fieldsOf(shown: Shown, { status, fields, length, total }: Answer): HeaderPairs {
  switch (shown.kind) {
    case "whole":
      return length === undefined || isBodyless(status) ? fields : withLength(fields, length);
    case "unchanged":
      return sentOn304(fields);
    case "range": {
      const { first, last } = shown.range;
      return [...ofLength(fields, last - first + 1), ["Content-Range", contentRange(shown.range, total)]];
    }
    case "unsatisfiable":
      // Range is in no key, so a cache below would store this 416 as the resource
      return [...ofLength([["Cache-Control", "no-store"]], 0), ["Content-Range", unsatisfiedRange(shown.total)]];
  }
}

function withLength(fields: HeaderPairs, length: number): HeaderPairs {
  return [...fields.filter(([name]) => name.toLowerCase() !== "content-length"), ["Content-Length", String(length)]];
}

/** Drops ranges and digests that describe other bytes (RFC 9530 2), and sets the length of the bytes sent. */
function ofLength(fields: HeaderPairs, length: number): HeaderPairs {
  return withLength(
    fields.filter(([name]) => !/^content-(?:range|md5|digest)$/i.test(name)),
    length,
  );
}

function contentOf(shown: Shown, { content, slice, first }: Answer): Content {
  if (content === null) return content;
  if (shown.kind !== "range") return content instanceof Uint8Array ? sendInChunks(content) : content;
  const skipped = shown.range.first - first;
  const length = shown.range.last - shown.range.first + 1;
  if (content instanceof Uint8Array) return sendInChunks(content.subarray(skipped, skipped + length));
  return cutStream(content, skipped, length, slice);
}

function nothingOf(content: Content): null {
  if (content instanceof ReadableStream) discard(content);
  return null;
}
