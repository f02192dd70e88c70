// Owns preconditions (RFC 9110 13): it evaluates a request's conditions against the current representation. Pure.
import { notModified, type Validators as StoredValidators } from "../../src/http/message/conditional.ts";
import { parseHttpDate } from "../../src/http/message/dates.ts";
import { parseEtagList, strongMatch } from "../../src/http/message/etag.ts";
import type { FieldReader } from "../../src/http/message/fields.ts";

export type Validators = Pick<StoredValidators, "lastModified"> & { readonly etag: string };
export type Verdict = "proceed" | "not-modified" | "precondition-failed";

const IF_MATCH = "if-match";
const IF_UNMODIFIED_SINCE = "if-unmodified-since";
const IF_NONE_MATCH = "if-none-match";
/** The conditions that demand a state, and those that exclude one. */
export const WANTED: readonly string[] = [IF_MATCH, IF_UNMODIFIED_SINCE];
export const EXCLUDED: readonly string[] = [IF_NONE_MATCH, "if-modified-since"];

/** If-Match compares strongly, and decides alone where it is present (13.1.1, 13.1.4). */
function isWanted(field: FieldReader, { etag, lastModified }: Validators, nowMs: number): boolean {
  const ifMatch = field(IF_MATCH);
  if (ifMatch !== undefined) {
    const tags = parseEtagList(ifMatch);
    return tags === "*" || (tags?.some((tag) => strongMatch(tag, etag)) ?? false);
  }
  const sinceMs = parseHttpDate(field(IF_UNMODIFIED_SINCE) ?? "", nowMs);
  const modifiedMs = parseHttpDate(lastModified ?? "", nowMs);
  return sinceMs === undefined || modifiedMs === undefined || modifiedMs <= sinceMs;
}

/** In the order of 13.2.2. `nowMs` places two-digit years. */
export function judge(method: string, field: FieldReader, current: Validators, nowMs: number): Verdict {
  if (!isWanted(field, current, nowMs)) return "precondition-failed";
  const isRead = method === "GET" || method === "HEAD";
  // Dates condition reads alone (13.1.3).
  if (!isRead && field(IF_NONE_MATCH) === undefined) return "proceed";
  if (!notModified(field, current, nowMs)) return "proceed";
  return isRead ? "not-modified" : "precondition-failed";
}

/** The same request with these of its conditions alone. */
export function only(names: readonly string[], field: FieldReader): FieldReader {
  return (name) => (names.includes(name) ? field(name) : undefined);
}
