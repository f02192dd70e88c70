// Owns incomplete responses: which ranges a stored 206 may answer, and when two of them make a larger one
// (RFC 9111 3.3, 3.4; RFC 9110 15.3.7.3).
import { isStrong, strongMatch } from "../message/etag.ts";
import type { ResponseFacts } from "../message/facts.ts";
import { declaredLength, readerOf } from "../message/fields.ts";
import { changesNonces } from "../message/csp-nonce.ts";
import { type ContentRange, parseContentRange, type RangeRequest, resolvedRange } from "../message/range.ts";
import type { Stored } from "./stored.ts";

/**
 * The part of the whole that a 206 brings; `undefined` where its Content-Range is unsound. Several parts in one body do not count, nor a
 * body that is not as long as its Content-Range: one of the two is wrong, and the edge cannot tell which. It counts if the client got exactly
 * as many bytes as it asked for: the origin has miscounted the last position (RFC 9111 3.3).
 */
export function partOf({ status, field }: ResponseFacts, asked: RangeRequest | undefined): ContentRange | undefined {
  if (status !== 206) return undefined;
  const part = parseContentRange(field("content-range"));
  if (!part) return undefined;
  const length = declaredLength(field) ?? lengthOf(part);
  if (length === lengthOf(part)) return part;
  const isAsAsked = length > 0 && length < lengthOf(part) && length === askedLength(asked);
  return isAsAsked ? { ...part, last: part.first + length - 1 } : undefined;
}

/** Whether a 206 names one sound range, whatever its body is. */
export function isRange({ status, field }: ResponseFacts): boolean {
  return status === 206 && parseContentRange(field("content-range")) !== undefined;
}

function askedLength(asked: RangeRequest | undefined): number | undefined {
  if (asked?.kind !== "from") return asked?.length;
  return asked.last === undefined ? undefined : asked.last - asked.first + 1;
}

/** Bytes of a part. */
export function lengthOf({ first, last }: ContentRange): number {
  return last - first + 1;
}

/** Whether the range asked for lies wholly within the part (RFC 9111 3.3). */
export function holds(part: ContentRange, asked: RangeRequest): boolean {
  if (part.total === undefined) {
    return asked.kind === "from" && asked.last !== undefined && asked.first >= part.first && asked.last <= part.last;
  }
  const range = resolvedRange(asked, part.total);
  return range !== undefined && range.first >= part.first && range.last <= part.last;
}

/** Whether the part is the whole: then it is stored as the 200 it would have been (RFC 9111 3.3). */
export function isWhole({ first, last, total }: ContentRange): boolean {
  return first === 0 && last + 1 === total;
}

/**
 * Whether the rest is worth a request: it makes the part whole, and a strong tag proves it (RFC 9111 3.4). For a part without a
 * tag, the rest may bring no tag either, and the edge fetches the whole once. With a weak tag it would always have to.
 */
export function isCompletable(part: ContentRange, etag: string | undefined): boolean {
  return part.first === 0 && part.total !== undefined && (etag === undefined || isStrong(etag));
}

/**
 * The record of `fresh` joined with what was `held` before it, where both are of one representation by a strong validator
 * and touch or overlap; else `undefined`. It has the header section of the newer, the older's fence and the tags of both:
 * a purge of either purges the whole.
 */
export function combinedRecord(held: Stored, fresh: Stored): Stored | undefined {
  const { part: a } = held;
  const { part: b } = fresh;
  // without a strong validator, nothing proves that the parts belong to one representation
  const same = held.etag !== undefined && fresh.etag !== undefined && strongMatch(held.etag, fresh.etag);
  if (!a || !b || a.total !== b.total || !same) return undefined;
  if (a.first > b.last + 1 || b.first > a.last + 1) return undefined;
  if (held.fence.incarnation !== fresh.fence.incarnation) return undefined;
  if (changesNonces(readerOf(held.headers), readerOf(fresh.headers))) return undefined;
  const part = { first: Math.min(a.first, b.first), last: Math.max(a.last, b.last), total: a.total };
  const whole = isWhole(part);
  return {
    ...fresh,
    status: whole ? 200 : 206,
    part: whole ? undefined : part,
    bodyLength: lengthOf(part),
    targets: [...new Set([...fresh.targets, ...held.targets])],
    fence: held.fence.seq < fresh.fence.seq ? held.fence : fresh.fence,
  };
}

/** The bytes of two parts that `combinedRecord` has joined; where they overlap, those of `fresh` count. */
export function combinedBytes(
  held: { readonly first: number; readonly bytes: Uint8Array },
  fresh: { readonly first: number; readonly bytes: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const first = Math.min(held.first, fresh.first);
  const end = Math.max(held.first + held.bytes.length, fresh.first + fresh.bytes.length);
  const whole = new Uint8Array(end - first);
  whole.set(held.bytes, held.first - first);
  whole.set(fresh.bytes, fresh.first - first);
  return whole;
}
