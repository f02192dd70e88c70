// Owns the reading of numbers and names from URLs: the value, or the fault that says where and why.
import type { Fault } from "./problem.ts";

export type ListQuery = { readonly category: string | undefined; readonly page: number; readonly limit: number };
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: Fault[] };

const LARGEST_ID = 2_147_483_647;
const LARGEST_PAGE = 10_000;
const LARGEST_LIMIT = 100;
const DEFAULT_LIMIT = 24;
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** Digits only, no leading zero: one number has one spelling, so one URL. */
const positiveInteger = (text: string, largest: number): number | undefined => {
  if (!/^[1-9]\d{0,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= largest ? value : undefined;
};

export const parseProductId = (text: string): Parsed<number> => {
  const id = positiveInteger(text, LARGEST_ID);
  if (id !== undefined) return { ok: true, value: id };
  const detail = `must be a whole number from 1 to ${LARGEST_ID}`;
  return { ok: false, faults: [{ in: "path", at: "id", detail }] };
};

export const parseListQuery = (queries: Readonly<Record<string, readonly string[]>>): Parsed<ListQuery> => {
  const faults: Fault[] = [];
  const fault = (at: string, detail: string): void => {
    faults.push({ in: "query", at, detail });
  };
  const single = (name: string): string | undefined => {
    const values = queries[name] ?? [];
    if (values.length > 1) fault(name, "must be given once");
    return values.length > 1 ? undefined : values[0];
  };
  const integer = (name: string, largest: number, fallback: number): number => {
    const text = single(name);
    if (text === undefined) return fallback;
    const value = positiveInteger(text, largest);
    if (value === undefined) fault(name, `must be a whole number from 1 to ${largest}`);
    return value ?? fallback;
  };
  const page = integer("page", LARGEST_PAGE, 1);
  const limit = integer("limit", LARGEST_LIMIT, DEFAULT_LIMIT);
  const category = single("category");
  if (category !== undefined && !SLUG.test(category)) {
    fault("category", "must be a category's slug: lower-case letters, digits and hyphens, at most 64");
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: { category, page, limit } };
};
