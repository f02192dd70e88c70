// Owns the conditional requests of clients: may a 304 answer instead of the body? (RFC 9110 13)
import { parseHttpDate } from "./dates.ts";
import { parseEtagList, weakMatch } from "./etag.ts";
import type { FieldReader } from "./fields.ts";

export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/**
 * True when the client's copy is still good. If-None-Match decides alone where it is present (13.1.2);
 * If-Modified-Since needs a valid date and a stored Last-Modified (13.1.3). Only for GET and HEAD answered with 200.
 */
export function notModified(field: FieldReader, stored: Validators, nowMs: number): boolean {
  const ifNoneMatch = field("if-none-match");
  if (ifNoneMatch !== undefined) {
    const tags = parseEtagList(ifNoneMatch);
    if (tags === "*") return true;
    const { etag } = stored;
    return etag !== undefined && tags !== undefined && tags.some((tag) => weakMatch(tag, etag));
  }
  const since = date(field("if-modified-since"), nowMs);
  const modified = date(stored.lastModified, nowMs);
  return since !== undefined && modified !== undefined && modified <= since;
}

function date(text: string | undefined, nowMs: number): number | undefined {
  return text === undefined ? undefined : parseHttpDate(text, nowMs);
}
