// Owns the traceparent field: it reads the caller's trace, and writes the field for the next server (W3C Trace Context, level 1).

/** The trace that a request is part of. Level 1 knows one of the flags. */
export interface TraceContext {
  /** 32 hexadecimal digits in lower case, as a span has 16; not all of them zero. */
  readonly traceId: string;
  readonly isSampled: boolean;
}

const FIELD = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;
const SAMPLED = 1;

/** `undefined` for an invalid one, and then tracestate is ignored as well ("Tracestate Header"). */
export function readTraceparent(value: string): TraceContext | undefined {
  const [, version = "ff", traceId = "", parentId = "", flags = "", more] = FIELD.exec(value) ?? [];
  // a later version may say more, behind a dash; of what it says we read what we know ("Versioning of traceparent")
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(parentId)) return undefined;
  return { traceId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** In our own version, with its one flag ("Other Flags": they are set to zero). `spanId`: of the request it is sent with. */
export function traceparent({ traceId, isSampled }: TraceContext, spanId: string): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}
