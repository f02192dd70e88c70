// Owns the response made of a whole answer: 304, 206, 416 or the whole, without a body for HEAD.
import { discard } from "../../base/streams.ts";
import { forBrowser } from "../../http/answer/browser.ts";
import type { Outcome } from "../../http/answer/cache-status.ts";
import { notModified, rangeApplies, type Validators } from "../../http/message/conditional.ts";
import { sentOn304 } from "../../http/message/field-table.ts";
import type { HeaderPairs } from "../../http/message/fields.ts";
import { type ByteRange, contentRange, resolvedRange, unsatisfiedRange } from "../../http/message/range.ts";
import { isBodyless } from "../../http/message/status-table.ts";
import type { RangeReader } from "../../tiers/tier.ts";
import { sendInChunks } from "../fill/chunked-send.ts";
import { cutStream } from "../fill/cut-stream.ts";
import type { Delivery } from "./delivery.ts";
import { setDiagnostics } from "./diagnostics.ts";

type Content = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;

/** The whole answer, before conditionals and range. */
export interface Answer {
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

/** Conditionals, range and HEAD applied, in the coding that its client reads. */
export function respond(delivery: Delivery, answer: Answer, outcome: Outcome): Response {
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
