// Owns answers as plain data: taken from a Response, encoded, decoded and delivered. No I/O but the body's.
import * as v from "valibot";
import { notModified } from "../../src/http/message/conditional.ts";
import { formatHttpDate } from "../../src/http/message/dates.ts";
import type { FieldReader, HeaderPairs } from "../../src/http/message/fields.ts";
import { parserOf } from "../schema.ts";

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: HeaderPairs;
  readonly body: Uint8Array<ArrayBuffer>;
}

export function fieldOf({ headers }: Pick<Answer, "headers">, name: string): string | undefined {
  return headers.find(([each]) => each === name)?.[1];
}

/** Fields of one exchange, which are never replayed. One client's counts are not another's. */
const OF_ONE_EXCHANGE =
  /^(?:x-request-id|server-timing|x-cache(?:-.*)?|ratelimit(?:-.*)?|connection|keep-alive|transfer-encoding)$/;
/** Fields that describe a body, which a 304 leaves out (RFC 9110 15.4.5). */
const OF_THE_BODY = new Set([
  "content-type",
  "content-length",
  "content-encoding",
  "content-language",
  "content-range",
]);

/** `nowMs` becomes the Date of an answer without one. */
export function answerOf({ status, headers }: Response, body: Uint8Array<ArrayBuffer>, nowMs: number): Answer {
  const kept = [...headers].filter(([name]) => !OF_ONE_EXCHANGE.test(name));
  // Date says when a message was made, not when it was repeated (RFC 9110 6.6.1).
  const dated = headers.has("date") ? kept : [...kept, ["date", formatHttpDate(nowMs)] as const];
  return { status, headers: dated, body };
}

export function encodeHead({ status, headers }: Answer): string {
  return JSON.stringify({ status, headers });
}

const parseHead = parserOf(v.object({ status: v.number(), headers: v.array(v.strictTuple([v.string(), v.string()])) }));

/** Undefined for a head that this version did not write. */
export function decodeAnswer(head: string, body: Uint8Array<ArrayBuffer>): Answer | undefined {
  try {
    const parsed = parseHead(JSON.parse(head));
    return parsed === undefined ? undefined : { ...parsed, body };
  } catch {
    return undefined;
  }
}

/** The client that is answered: the conditional fields of its request, and when it came. */
export interface Reader {
  readonly field: FieldReader;
  readonly nowMs: number;
}
export interface Delivery {
  readonly response: Response;
  readonly notModified: boolean;
}

function isNotModified(answer: Answer, { field, nowMs }: Reader): boolean {
  const validators = { etag: fieldOf(answer, "etag"), lastModified: fieldOf(answer, "last-modified") };
  // Conditions apply only to an answer that would be a success without them (RFC 9110 13.2.1).
  return answer.status === 200 && notModified(field, validators, nowMs);
}

/** `ageMs`: the time in the store, undefined for a new answer. */
export function deliver(answer: Answer, reader: Reader, ageMs: number | undefined): Delivery {
  const unchanged = isNotModified(answer, reader);
  const headers = new Headers();
  for (const [name, value] of answer.headers) {
    if (!unchanged || !OF_THE_BODY.has(name)) headers.append(name, value);
  }
  // Rounded up, so that rounding adds no freshness (RFC 9111 4.2.3).
  if (ageMs !== undefined) headers.set("age", String(Math.ceil(ageMs / 1_000) + Number(fieldOf(answer, "age") ?? 0)));
  if (unchanged) return { response: new Response(null, { status: 304, headers }), notModified: true };
  headers.set("content-length", String(answer.body.byteLength));
  return { response: new Response(answer.body, { status: answer.status, headers }), notModified: false };
}
