// Owns the reading of paths and queries: the value, or every fault with its place. Unknown parameters are ignored.
import { type ListCursor, parseListCursor, parseSearchCursor, type SearchCursor } from "../catalogue/cursor.ts";
import { LARGEST_INTEGER } from "../schema.ts";
import type { Parsed } from "./parsed.ts";
import type { Fault } from "./problem.ts";

/** A numbered page, or the products after a cursor: cheap at any depth, and unmoved by changes before it. */
export type ListPosition =
  | { readonly by: "page"; readonly page: number }
  | { readonly by: "after"; readonly after: ListCursor };
export interface ListQuery {
  readonly category: string | undefined;
  readonly limit: number;
  readonly position: ListPosition;
}
/** `q` in its canonical form. */
export interface SearchQuery {
  readonly q: string;
  readonly limit: number;
  readonly after: SearchCursor | undefined;
}

type Queries = Readonly<Record<string, readonly string[]>>;

const LARGEST_PAGE = 10_000;
const LARGEST_LIMIT = 100;
const DEFAULT_LIMIT = 24;
const LONGEST_SEARCH = 100;
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** Digits only, no leading zero, so that one number has one spelling and one URL. */
function positiveInteger(text: string, largest: number): number | undefined {
  if (!/^[1-9]\d{0,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= largest ? value : undefined;
}

export function parseProductId(text: string): Parsed<number> {
  const id = positiveInteger(text, LARGEST_INTEGER);
  if (id !== undefined) return { ok: true, value: id };
  const detail = `must be a whole number from 1 to ${LARGEST_INTEGER}`;
  return { ok: false, faults: [{ in: "path", at: "id", detail }] };
}

const SLUG_DETAIL = "must be a category's slug: lower-case letters, digits and hyphens, at most 64";

export function parseSlug(text: string): Parsed<string> {
  return SLUG.test(text)
    ? { ok: true, value: text }
    : { ok: false, faults: [{ in: "path", at: "slug", detail: SLUG_DETAIL }] };
}

/** Reads parameters one by one, and collects their faults. */
function reader(queries: Queries) {
  const faults: Fault[] = [];
  const fault = (at: string, detail: string): void => {
    faults.push({ in: "query", at, detail });
  };
  const single = (name: string): string | undefined => {
    const values = queries[name] ?? [];
    if (values.length > 1) fault(name, "must be given once");
    return values.length > 1 ? undefined : values[0];
  };
  const integer = (name: string, largest: number): number | undefined => {
    const text = single(name);
    if (text === undefined) return undefined;
    const value = positiveInteger(text, largest);
    if (value === undefined) fault(name, `must be a whole number from 1 to ${largest}`);
    return value;
  };
  const cursor = <T>(name: string, parse: (text: string) => Parsed<T>): T | undefined => {
    const text = single(name);
    if (text === undefined) return undefined;
    const parsed = parse(text);
    if (!parsed.ok) faults.push(...parsed.faults);
    return parsed.ok ? parsed.value : undefined;
  };
  return { faults, fault, single, integer, cursor };
}

export function parseDealsQuery(queries: Queries): Parsed<{ readonly limit: number }> {
  const { faults, integer } = reader(queries);
  const limit = integer("limit", LARGEST_LIMIT) ?? DEFAULT_LIMIT;
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: { limit } };
}

export function parseListQuery(queries: Queries): Parsed<ListQuery> {
  const { faults, fault, single, integer, cursor } = reader(queries);
  const page = integer("page", LARGEST_PAGE);
  const after = cursor("after", parseListCursor);
  const limit = integer("limit", LARGEST_LIMIT) ?? DEFAULT_LIMIT;
  const category = single("category");
  if (category !== undefined && !SLUG.test(category)) fault("category", SLUG_DETAIL);
  if (queries["page"] !== undefined && queries["after"] !== undefined) fault("after", "cannot be combined with page");
  if (faults.length > 0) return { ok: false, faults };
  const position: ListPosition = after === undefined ? { by: "page", page: page ?? 1 } : { by: "after", after };
  return { ok: true, value: { category, limit, position } };
}

/** Equates compatible letters, case, and any kind or number of spaces. */
function canonical(text: string): string {
  return text.normalize("NFKC").toLowerCase().normalize("NFKC").replace(/\s+/gu, " ").trim();
}

export function parseSearchQuery(queries: Queries): Parsed<SearchQuery> {
  const { faults, fault, single, integer, cursor } = reader(queries);
  const text = single("q");
  const q = canonical(text ?? "");
  const { length } = Array.from(q);
  if (queries["q"] === undefined) fault("q", "is missing");
  if (text !== undefined && (length === 0 || length > LONGEST_SEARCH)) {
    fault("q", `must have 1 to ${LONGEST_SEARCH} characters, not counting spaces around them`);
  }
  if (/\p{Cc}/u.test(q)) fault("q", "must have no control characters");
  const limit = integer("limit", LARGEST_LIMIT) ?? DEFAULT_LIMIT;
  const after = cursor("after", parseSearchCursor);
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: { q, limit, after } };
}
