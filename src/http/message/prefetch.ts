// Owns the recognition of prefetches: browsers fetch ahead, and say so in one of four fields.
import type { FieldReader } from "./fields.ts";

const FIELDS = ["sec-purpose", "purpose", "x-purpose", "x-moz"] as const;
const AHEAD = /\b(?:prefetch|prerender|preview)\b/i;

/** True for a prefetch, a prerender or a preview. Origins refuse these on purpose. */
export function isPrefetch(field: FieldReader): boolean {
  return FIELDS.some((name) => AHEAD.test(field(name) ?? ""));
}
