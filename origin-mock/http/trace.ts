// Owns the tracing fields of a response: X-Request-Id, X-Cache-*, Server-Timing, and the trace it belongs to.
import type { MiddlewareHandler } from "hono";
import { readTraceparent, traceparent as writeTraceparent } from "../../src/http/message/traceparent.ts";
import type { Identity } from "../auth/identify.ts";
import type { Reading } from "../cache/cache-aside.ts";

/** From the outside in. Each tier that took part is listed once, however often it was asked. */
const TIERS = ["gateway", "app", "db"] as const;
export type Tier = (typeof TIERS)[number];
export interface Span {
  readonly tier: Tier;
  readonly ms: number;
  readonly outcome?: string;
}

export interface Trace {
  readonly requestId: string;
  /** W3C Trace Context. Sent to every server that works on this request. */
  readonly traceparent: string;
  readonly spans: Span[];
}
export interface ShopEnv {
  Variables: {
    trace: Trace;
    /** Set by the gateway: the client's address, as far as it can be trusted. */
    address: string;
    /** Set by the gateway. Rejects with RedisUnavailable where a session cannot be checked. */
    identity: () => Promise<Identity | undefined>;
  };
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

export function noteSpan(trace: Trace, span: Span): void {
  trace.spans.push(span);
}

export function noteReading(trace: Trace, reading: Omit<Reading<unknown>, "value">): void {
  noteSpan(trace, { tier: "app", outcome: reading.outcome, ms: reading.cacheMs });
  if (reading.databaseMs !== undefined) noteSpan(trace, { tier: "db", ms: reading.databaseMs });
}

function outcomeOf(trace: Trace, tier: Tier): string | undefined {
  return trace.spans.findLast((span) => span.tier === tier && span.outcome !== undefined)?.outcome;
}

/** Outcomes without a visit to the application, whose cache then has nothing to report. */
const GATEWAY_ALONE = ["hit", "revalidated", "shared", "limited", "refused"] as const;
export type GatewayOutcome = (typeof GATEWAY_ALONE)[number] | "miss" | "bypass";

function serverTiming(trace: Trace, totalMs: number): string {
  const members = TIERS.flatMap((tier) => {
    const spans = trace.spans.filter((span) => span.tier === tier);
    if (spans.length === 0) return [];
    const ms = spans.reduce((sum, span) => sum + span.ms, 0);
    const outcome = outcomeOf(trace, tier);
    return [`${tier};dur=${ms.toFixed(1)}${outcome === undefined ? "" : `;desc="${outcome}"`}`];
  });
  return [...members, `origin;dur=${totalMs.toFixed(1)}`].join(", ");
}

export interface TraceParts {
  readonly monotonicMs: () => number;
  readonly newId: () => string;
  /** Returns `bytes` random bytes as hexadecimal digits. */
  readonly randomHex: (bytes: number) => string;
}

/** Continues the caller's trace under a span of its own. Starts one where the field is absent or cannot be read. */
export function continueTrace(field: string | undefined, randomHex: TraceParts["randomHex"]): string {
  const given = field === undefined ? undefined : readTraceparent(field.trim());
  return writeTraceparent(given ?? { traceId: randomHex(16), isSampled: true }, randomHex(8));
}

export function traced(parts: TraceParts): MiddlewareHandler<ShopEnv> {
  return async (c, next) => {
    const startMs = parts.monotonicMs();
    const asked = c.req.header("X-Request-Id");
    const requestId = asked !== undefined && REQUEST_ID.test(asked) ? asked : parts.newId();
    const traceparent = continueTrace(c.req.header("traceparent"), parts.randomHex);
    const trace: Trace = { requestId, traceparent, spans: [] };
    c.set("trace", trace);
    await next();
    c.res.headers.set("X-Request-Id", requestId);
    const gateway = outcomeOf(trace, "gateway");
    if (!GATEWAY_ALONE.some((alone) => alone === gateway)) {
      c.res.headers.set("X-Cache-App", (outcomeOf(trace, "app") ?? "bypass").toUpperCase());
    }
    if (gateway !== undefined) c.res.headers.set("X-Cache-Gateway", gateway.toUpperCase());
    c.res.headers.set("Server-Timing", serverTiming(trace, parts.monotonicMs() - startMs));
  };
}
