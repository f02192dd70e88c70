// Owns what a request that the cache cannot answer asks of the origin: the whole, its own range, or the rest of a stored part.
import type { RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { declaredLength, type HeaderPairs } from "../../http/message/fields.ts";
import { parseContentRange } from "../../http/message/range.ts";
import type { Stored } from "../../http/law/stored.ts";
import type { CacheKey } from "../../http/select/key.ts";
import { keyOf } from "../lookup/resource-key.ts";
import type { CacheRequest } from "../cache-request.ts";
import { FETCH_WHOLE, type Intent } from "./origin-request.ts";
import { isUnstorable } from "./unstorable.ts";
import { UNASKED_BYTES } from "../fill/fill-cost.ts";

/**
 * The whole, from which a range is cut, is fetched and stored once for all where the range begins early, unless the resource is known to be
 * large or cannot be stored. Who asks for everything from the first byte on is given that.
 */
export function planFetch(trip: CacheRequest, clientConditionals: boolean): Intent {
  const { facts, edge } = trip;
  const { range } = facts;
  if (clientConditionals) return { ...FETCH_WHOLE, clientConditionals };
  if (!range) return FETCH_WHOLE;
  const isEarly = range.kind === "from" && range.first < UNASKED_BYTES;
  const isOpen = range.kind === "from" && range.first === 0 && range.last === undefined;
  const isDivisible = isEarly && !isUnstorable(trip) && (isOpen || !edge.large.has(sizeKey(trip)));
  return isDivisible ? FETCH_WHOLE : planRange(facts);
}

/** The range as its client sent it. */
export function planRange({ field }: RequestFacts): Intent {
  const conditions: HeaderPairs = ["range", "if-range"].flatMap((name): HeaderPairs => {
    const value = field(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...FETCH_WHOLE, conditions };
}

/** How long a resource counts as large. Being wrong costs no more than a range that is forwarded. */
const LARGE_SECONDS = 3600;

/** Notes what an answer says of the size of the whole, where the origin gives out ranges of it: these need not wait for the whole. */
export function noteSize(trip: CacheRequest, { status, field }: ResponseFacts): void {
  const isDivided = status === 200 && /\bbytes\b/i.test(field("accept-ranges") ?? "");
  const part = status === 206 ? parseContentRange(field("content-range")) : undefined;
  const total = part?.total ?? (isDivided ? declaredLength(field) : undefined) ?? 0;
  if (total > UNASKED_BYTES) trip.edge.large.add(sizeKey(trip), LARGE_SECONDS);
}

/** Without the query, which clients invent. */
function sizeKey({ edge, facts, rule }: CacheRequest): CacheKey {
  return keyOf(edge, { ...facts.location, query: "" }, rule);
}

/** What follows a stored beginning; the whole, if that is no longer what it began (RFC 9110 13.1.5). */
export function planRest({ part, etag }: Stored): Intent {
  const range = ["range", `bytes=${String((part?.last ?? -1) + 1)}-`] as const;
  return { ...FETCH_WHOLE, conditions: etag === undefined ? [range] : [range, ["if-range", etag]] };
}
