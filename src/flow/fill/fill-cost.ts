// Owns the limits on bytes that the edge fetches although no client waits for them: see docs/decisions/023.
import type { RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { declaredLength } from "../../http/message/fields.ts";
import { lengthOf } from "../../http/law/parts.ts";
import { resolvedRange } from "../../http/message/range.ts";

/** Bytes fetched for the cache alone, at most: the whole for the sake of a range, or the rest after the client left. */
export const UNASKED_BYTES = 8 * 2 ** 20;

/** A range of at least this share of the whole is worth fetching the whole. */
const LARGE_SHARE = 0.5;

/** Whether the origin sent a whole that is much larger than the range asked for. A whole of unknown length may be small, so it is not. */
export function isWasteful({ range }: RequestFacts, response: ResponseFacts): boolean {
  const length = response.status === 200 ? declaredLength(response.field) : undefined;
  if (!range || length === undefined || length <= UNASKED_BYTES) return false;
  const wanted = resolvedRange(range, length);
  return !wanted || lengthOf(wanted) < length * LARGE_SHARE;
}

/** `whenLeft`: bytes received when the client left; absent while it is there. */
export interface Progress {
  readonly received: number;
  readonly whenLeft: number | undefined;
}

/** Whether the rest is worth fetching for the cache alone: little is left, or no more than the client has had. */
export function isWorthFinishing({ received, whenLeft }: Progress, length: number | undefined): boolean {
  if (whenLeft === undefined) return true;
  const limit = Math.max(whenLeft, UNASKED_BYTES);
  // the length is unknown: allow as many bytes after the client left
  return length === undefined ? received - whenLeft <= limit : length - received <= limit;
}
