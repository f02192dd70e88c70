// Owns how much of a body is fetched that no client waits for: see docs/decisions/023.
import type { RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { declaredLength } from "../../http/message/fields.ts";
import { lengthOf } from "../../http/law/parts.ts";
import { resolvedRange } from "../../http/message/range.ts";

/** So much may be fetched for the cache alone: a whole for the sake of a range, or the rest of a body whose client has left. */
export const UNASKED_BYTES = 8 * 2 ** 20;

/** A range that is at least this share of the whole is worth the whole. */
const LARGE_SHARE = 0.5;

/** Whether the whole that came is much more than the range that was asked for; of unknown length it may be small. */
export function isWasteful({ range }: RequestFacts, response: ResponseFacts): boolean {
  const length = response.status === 200 ? declaredLength(response.field) : undefined;
  if (!range || length === undefined || length <= UNASKED_BYTES) return false;
  const asked = resolvedRange(range, length);
  return !asked || lengthOf(asked) < length * LARGE_SHARE;
}

/** How far a fill has come. `whenLeft`: as far as that when its client left; absent while it is there. */
export interface Progress {
  readonly received: number;
  readonly whenLeft: number | undefined;
}

/** Whether the rest of a body is worth fetching for the cache alone: little is left, or no more than its client has had. */
export function isWorthFinishing({ received, whenLeft }: Progress, length: number | undefined): boolean {
  if (whenLeft === undefined) return true;
  const limit = Math.max(whenLeft, UNASKED_BYTES);
  // of unknown length, as much again may come
  return length === undefined ? received - whenLeft <= limit : length - received <= limit;
}
