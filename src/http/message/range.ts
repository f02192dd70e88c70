// Owns byte ranges: the Range field, its resolution against a body of known length, and Content-Range (RFC 9110 14).
import { type FieldReader, splitList } from "./fields.ts";

/** One range of bytes as a client asks for it: from `first` on, to `last` where it says so; or the final `suffix` bytes. */
export type RangeRequest =
  | { readonly kind: "from"; readonly first: number; readonly last: number | undefined }
  | { readonly kind: "suffix"; readonly length: number };

/** Positions of the first and the last byte, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** The Content-Range of a 206; `total` is the length of the whole, where known. */
export interface ContentRange extends ByteRange {
  readonly total?: number | undefined;
}

const RANGE = /^(\d*)-(\d*)$/;
const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i;

/**
 * `undefined` where the answer is the whole: no Range, another unit, a malformed one, or several ranges at once, which cost
 * one full response at most (RFC 9110 14.2). Range means something for GET only.
 */
export function requestedRange(method: string, field: FieldReader): RangeRequest | undefined {
  const value = method === "GET" ? field("range") : undefined;
  if (value === undefined || !/^bytes=/i.test(value)) return undefined;
  const [spec, ...others] = splitList(value.slice("bytes=".length));
  const [, first = "", last = ""] = RANGE.exec(spec ?? "") ?? [];
  if (others.length > 0 || (first === "" && last === "")) return undefined;
  if (first === "") return { kind: "suffix", length: position(last) };
  if (last === "") return { kind: "from", first: position(first), last: undefined };
  return position(first) > position(last) ? undefined : { kind: "from", first: position(first), last: position(last) };
}

/** The requested bytes of a body of `total` bytes; `undefined` where there are none: 416 (RFC 9110 14.1.2). */
export function resolvedRange(range: RangeRequest, total: number): ByteRange | undefined {
  if (range.kind === "suffix") {
    if (range.length === 0 || total === 0) return undefined;
    return { first: Math.max(0, total - range.length), last: total - 1 };
  }
  if (range.first >= total) return undefined;
  return { first: range.first, last: Math.min(range.last ?? total - 1, total - 1) };
}

/** A Content-Range of bytes with sound positions, else `undefined` (RFC 9110 14.4). */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const [, first, last, total] = CONTENT_RANGE.exec(value ?? "") ?? [];
  if (first === undefined || last === undefined || total === undefined) return undefined;
  const range = { first: Number(first), last: Number(last), total: total === "*" ? undefined : Number(total) };
  const sound = range.first <= range.last && range.last < (range.total ?? Number.MAX_SAFE_INTEGER);
  return sound && Number.isSafeInteger(range.total ?? 0) ? range : undefined;
}

export function contentRange({ first, last }: ByteRange, total: number | undefined): string {
  return `bytes ${String(first)}-${String(last)}/${total === undefined ? "*" : String(total)}`;
}

/** The Content-Range of a 416 (RFC 9110 15.5.17). */
export function unsatisfiedRange(total: number): string {
  return `bytes */${String(total)}`;
}

/** A position beyond every body is as good as the largest one. */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
