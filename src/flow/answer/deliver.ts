// Owns the response a client gets: from what is held or what the origin sent, with 304, 206, HEAD, Age and Cache-Status.
import { discard } from "../../base/streams.ts";
import { type BrowserPolicy, forBrowser } from "../../http/answer/browser.ts";
import type { Outcome } from "../../http/answer/cache-status.ts";
import type { ContentCoding } from "../../http/select/coding.ts";
import { notModified, rangeApplies, type Validators } from "../../http/message/conditional.ts";
import type { RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { deliverable, sentOn304 } from "../../http/message/field-table.ts";
import { declaredLength, type HeaderPairs } from "../../http/message/fields.ts";
import { initialAge } from "../../http/law/freshness.ts";
import { encodedFields, negotiatedFields } from "../../http/answer/negotiated.ts";
import { withPrivate } from "../../http/law/made-private.ts";
import { type ByteRange, contentRange, resolvedRange, unsatisfiedRange } from "../../http/message/range.ts";
import { isBodyless } from "../../http/message/status-table.ts";
import { ageSeconds, originValidators, remainingSeconds, shownFields, shownValidators } from "../../http/law/stored.ts";
import type { Found, RangeReader } from "../../tiers/tier.ts";
import type { Exchange } from "../edge.ts";
import { encodedForm, negotiate, type Offer } from "./negotiate.ts";
import { sendInChunks } from "../fill/chunked-send.ts";
import { cutStream } from "../fill/cut-stream.ts";
import { setDiagnostics } from "./diagnostics.ts";

/** What every response of one exchange shares. */
export interface Delivery {
  readonly facts: RequestFacts;
  readonly exchange: Exchange;
  readonly nowMs: number;
  /** What the rule tells browsers; absent where they are told what the origin says. */
  readonly browser?: BrowserPolicy | undefined;
  /** Absent where the answer leaves as it came. */
  readonly offer?: Offer | undefined;
}

type Content = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;

/** What there is to answer with. */
interface Answer {
  readonly status: number;
  readonly fields: HeaderPairs;
  /** Absent where the client's conditionals and range are not ours to evaluate. */
  readonly validators: Validators | undefined;
  /** Whether a range may be cut out of it: a 206 of the origin's own was cut already. */
  readonly divisible: boolean;
  readonly content: Content;
  /** Reads a range of `content` without what is before it. */
  readonly slice?: RangeReader | undefined;
  /** Bytes of `content`, where known. */
  readonly length: number | undefined;
  /** Where `content` begins in the whole, and the whole's length where known. */
  readonly first: number;
  readonly total: number | undefined;
  /** What its Age field says, seconds; 0 where it has none. */
  readonly age: number;
  /** The same in the coding this client gets, if the whole is what it gets; `undefined` where it stays plain. */
  readonly encoded?: (() => Answer | undefined) | undefined;
  /** The header section of a range of it, where the whole is negotiated. */
  readonly rangeFields?: HeaderPairs | undefined;
}

/** A response from what is held: its Age is ours to tell (RFC 9111 5.1). */
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
  /** It is for one session, and caches below must know. */
  readonly addPrivate: boolean;
  /** The client's conditionals and range were kept from the origin, so they are ours to evaluate. */
  readonly evaluateConditionals: boolean;
  /** Its body may leave encoded: what `content` is then. */
  readonly encoded?: ((coding: ContentCoding) => ReadableStream<Uint8Array> | null) | undefined;
}

/** The origin's own answer, whose body is `content`: itself, or the client's side of a fill. */
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

/** The answer as Accept-Encoding has it, where other clients may get other bytes. */
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
  // the bytes are what the header section says already
  return new Response(content, { status, headers, encodeBody: "manual" });
}

/** The whole in the client's coding; ranges in plain bytes, which is what the origin's own tag names. */
function sentAs({ kind }: Shown, answer: Answer): Answer {
  if (kind === "range") return { ...answer, fields: answer.rangeFields ?? answer.fields };
  return (kind === "whole" ? answer.encoded?.() : undefined) ?? answer;
}

/** A 304 of the origin's own says what its 200 would (RFC 9110 15.4.5). */
function browserFields({ browser, nowMs }: Delivery, { status, fields, age }: Answer): HeaderPairs {
  return forBrowser({ status: status === 304 ? 200 : status, headers: fields, ageSeconds: age, nowMs }, browser);
}

/** How much of an answer its client gets. */
type Shown =
  | { readonly kind: "whole" }
  | { readonly kind: "unchanged" }
  | { readonly kind: "range"; readonly range: ByteRange }
  | { readonly kind: "unsatisfiable"; readonly total: number };

const STATUS = { unchanged: 304, range: 206, unsatisfiable: 416 } as const;

/** The client's conditionals first, then its range (RFC 9110 13.2.2). Both mean something for a 200 only, or a part of one. */
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
  // of a part whose whole is of unknown length, what is asked lies within it
  const known = total ?? first + length;
  const resolved = resolvedRange(range, known);
  // a suffix of nothing is all there is (RFC 9110 14.1.2)
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
      // a cache below would take it for the resource: Range is in no key
      return [...ofLength([["Cache-Control", "no-store"]], 0), ["Content-Range", unsatisfiedRange(shown.total)]];
  }
}

function withLength(fields: HeaderPairs, length: number): HeaderPairs {
  return [...fields.filter(([name]) => name.toLowerCase() !== "content-length"), ["Content-Length", String(length)]];
}

/** With the length of what is sent, no range but the answer's own, and no digest of other bytes (RFC 9530 2). */
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
