// Owns the cursors between the pages of a list: opaque to clients, versioned, and checked when they come back.
import type { Parsed } from "../http/parsed.ts";
import { LARGEST_INTEGER } from "../schema.ts";

/** The last product of the page before. */
export interface ListCursor {
  readonly id: number;
}
/** `rank` is the database's own text, because a decimal rounded here would be another number. */
export interface SearchCursor {
  readonly rank: string;
  readonly id: number;
}

// Raise the number when the order of a list changes, because an old cursor would point to another place.
const LIST = /^l1:([1-9]\d{0,9})$/;
// Matches only what a `real` can hold: any other rank would be an error of the database.
const SEARCH = /^s1:(\d(?:\.\d{1,12})?(?:e-[012]\d)?):([1-9]\d{0,9})$/;
const LONGEST = 64;

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}

/** Undefined unless it is the one spelling of its text, because several spellings would be several URLs of one page. */
function decode(cursor: string): string | undefined {
  if (cursor.length > LONGEST) return undefined;
  const text = Buffer.from(cursor, "base64url").toString();
  return encode(text) === cursor ? text : undefined;
}

function read<T>(cursor: string, pattern: RegExp, make: (groups: RegExpExecArray) => T | undefined): Parsed<T> {
  const groups = pattern.exec(decode(cursor) ?? "");
  const value = groups === null ? undefined : make(groups);
  if (value !== undefined) return { ok: true, value };
  return { ok: false, faults: [{ in: "query", at: "after", detail: "must be the `next` of a page of this list" }] };
}

function idOf(digits: string | undefined): number | undefined {
  const id = Number(digits);
  return id <= LARGEST_INTEGER ? id : undefined;
}

export function listCursor({ id }: ListCursor): string {
  return encode(`l1:${id}`);
}
export function parseListCursor(cursor: string): Parsed<ListCursor> {
  return read(cursor, LIST, ([, digits]) => {
    const id = idOf(digits);
    return id === undefined ? undefined : { id };
  });
}

export function searchCursor({ rank, id }: SearchCursor): string {
  return encode(`s1:${rank}:${id}`);
}
export function parseSearchCursor(cursor: string): Parsed<SearchCursor> {
  return read(cursor, SEARCH, ([, rank, digits]) => {
    const id = idOf(digits);
    return id === undefined || rank === undefined ? undefined : { rank, id };
  });
}
