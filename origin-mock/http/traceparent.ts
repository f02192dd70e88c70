// Owns the traceparent field (W3C Trace Context, level 1): reading one, and the one this process goes on with.

const FIELD = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const VERSION_00_LENGTH = 55;
const SAMPLED = "01";

function isZero(hex: string): boolean {
  return /^0+$/.test(hex);
}

function parse(field: string): { readonly traceId: string; readonly flags: string } | undefined {
  const [, version = "", traceId = "", parentId = "", flags = ""] = FIELD.exec(field) ?? [];
  if (version === "" || version === "ff" || isZero(traceId) || isZero(parentId)) return undefined;
  if (version === "00" && field.length !== VERSION_00_LENGTH) return undefined;
  return { traceId, flags };
}

/**
 * Goes on with the caller's trace under a span of its own; starts one when there is none or it cannot be read.
 * `hex` gives random bytes as hexadecimal digits.
 */
export function continueTrace(field: string | undefined, hex: (bytes: number) => string): string {
  const given = field === undefined ? undefined : parse(field.trim());
  return `00-${given?.traceId ?? hex(16)}-${hex(8)}-${given?.flags ?? SAMPLED}`;
}
