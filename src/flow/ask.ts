// Owns what a request that the cache cannot answer asks of the origin: the whole, its own range, or the rest of a stored part.
import type { RequestFacts } from "../http/facts.ts";
import type { HeaderPairs } from "../http/fields.ts";
import type { Stored } from "../http/stored.ts";
import { FETCH_WHOLE, type Intent } from "./upstream-request.ts";

/** A range that starts within these bytes is cut from the whole, which is fetched and stored once for all. */
const WHOLE_BEFORE_BYTES = 8 * 2 ** 20;

/** `divisible`: whether the whole is worth fetching for a part of it; not where it cannot be stored. */
export function wanted(facts: RequestFacts, clientConditionals: boolean, divisible: boolean): Intent {
  const { range, field } = facts;
  const early = range?.kind === "from" && range.first < WHOLE_BEFORE_BYTES;
  if (clientConditionals) return { ...FETCH_WHOLE, clientConditionals };
  if (!range || (early && divisible)) return FETCH_WHOLE;
  const conditions: HeaderPairs = ["range", "if-range"].flatMap((name): HeaderPairs => {
    const value = field(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...FETCH_WHOLE, conditions };
}

/** What follows a stored beginning; the whole, if that is no longer what it began (RFC 9110 13.1.5). */
export function restOf({ part, etag }: Stored): Intent {
  const range = ["range", `bytes=${String((part?.last ?? -1) + 1)}-`] as const;
  return { ...FETCH_WHOLE, conditions: etag === undefined ? [range] : [range, ["if-range", etag]] };
}
