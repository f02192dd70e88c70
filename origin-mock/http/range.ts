// Owns byte ranges (RFC 9110 section 14): which bytes a request asks for. Pure.
import type { Validators } from "./conditional.ts";
import { dateMs, wholeSeconds } from "./date.ts";

export type RangeVerdict =
  | { readonly kind: "whole" }
  /** Both ends included, as in Content-Range. */
  | { readonly kind: "part"; readonly first: number; readonly last: number }
  | { readonly kind: "unsatisfiable" };

const WHOLE: RangeVerdict = { kind: "whole" };
const UNSATISFIABLE: RangeVerdict = { kind: "unsatisfiable" };

// Fifteen digits and fewer are exact numbers; more lie beyond the end of anything, and so does what they are read as.
const ONE_RANGE = /^bytes=[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/i;

/**
 * What is no single range of bytes is ignored, as 14.2 allows: other units, several ranges, nonsense. `sizeBytes` > 0.
 */
function parseRange(field: string, sizeBytes: number): RangeVerdict {
  const [, firstText, lastText, suffixText] = ONE_RANGE.exec(field) ?? [];
  if (suffixText !== undefined) {
    const suffix = Number(suffixText);
    return suffix === 0 ? UNSATISFIABLE : { kind: "part", first: Math.max(0, sizeBytes - suffix), last: sizeBytes - 1 };
  }
  if (firstText === undefined) return WHOLE;
  const first = Number(firstText);
  const last = lastText === undefined || lastText === "" ? sizeBytes - 1 : Number(lastText);
  if (lastText !== undefined && lastText !== "" && last < first) return WHOLE;
  return first < sizeBytes ? { kind: "part", first, last: Math.min(last, sizeBytes - 1) } : UNSATISFIABLE;
}

/** 13.1.5: a strong entity tag, or exactly the date of a representation that has not changed twice in one second. */
function sameAs(ifRange: string, { etag, lastModifiedMs }: Validators): boolean {
  if (/^(?:W\/)?"/.test(ifRange)) return ifRange === etag && !etag.startsWith("W/");
  return lastModifiedMs !== undefined && dateMs(ifRange) === wholeSeconds(lastModifiedMs);
}

/** 14.2: only GET has ranges. After the other preconditions (13.2.2). */
export function judgeRange(
  method: string,
  fields: { readonly range: string | undefined; readonly ifRange: string | undefined },
  current: Validators & { readonly sizeBytes: number },
): RangeVerdict {
  if (method !== "GET" || fields.range === undefined) return WHOLE;
  if (fields.ifRange !== undefined && !sameAs(fields.ifRange.trim(), current)) return WHOLE;
  return parseRange(fields.range.trim(), current.sizeBytes);
}
