// Owns the conditional requests of clients: may a 304 answer instead of the body? (RFC 9110 13)
import { parseHttpDate } from "./dates.ts";
import { parseEtagList, strongMatch, weakMatch } from "./etag.ts";
import { type FieldReader, trimOws } from "./fields.ts";

export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** The Date of the response, milliseconds since the epoch; without it Last-Modified counts as weak (8.8.2.2). */
  readonly dateMs?: number | undefined;
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

/**
 * Whether Range counts: there is no If-Range, or it names this very representation (13.1.5). Tags are compared strongly; a date
 * must equal Last-Modified, and be at least a second older than Date, or it could name two states of one second.
 * `isNegotiated`: this client gets the whole in a coding, so that a date names two representations and is weak (8.8.2.2).
 */
export function rangeApplies(field: FieldReader, stored: Validators, isNegotiated: boolean, nowMs: number): boolean {
  const ifRange = field("if-range");
  if (ifRange === undefined) return true;
  if (ifRange.includes('"')) return stored.etag !== undefined && strongMatch(trimOws(ifRange), stored.etag);
  if (isNegotiated) return false;
  const named = date(ifRange, nowMs);
  const modified = date(stored.lastModified, nowMs);
  if (named === undefined || modified === undefined || stored.dateMs === undefined) return false;
  return named === modified && stored.dateMs - modified >= 1000;
}

function date(text: string | undefined, nowMs: number): number | undefined {
  return text === undefined ? undefined : parseHttpDate(text, nowMs);
}
