// Owns what a response says about its own making: X-Request-Id, X-Cache-App, Server-Timing.
import type { MiddlewareHandler } from "hono";
import type { CacheOutcome, Reading } from "../cache/cache-aside.ts";

export type Trace = {
  readonly requestId: string;
  outcome: CacheOutcome;
  cacheMs: number | undefined;
  databaseMs: number | undefined;
};
export type ShopEnv = { Variables: { trace: Trace } };

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
const DESCRIPTIONS = { hit: "redis hit", miss: "redis miss", bypass: "redis bypass" } as const;

export const noteReading = (trace: Trace, reading: Reading<unknown>): void => {
  trace.outcome = reading.outcome;
  trace.cacheMs = reading.cacheMs;
  trace.databaseMs = reading.databaseMs;
};

const serverTiming = (trace: Trace, totalMs: number): string => {
  const parts = [`app;dur=${(trace.cacheMs ?? 0).toFixed(1)};desc="${DESCRIPTIONS[trace.outcome]}"`];
  if (trace.databaseMs !== undefined) parts.push(`db;dur=${trace.databaseMs.toFixed(1)}`);
  parts.push(`origin;dur=${totalMs.toFixed(1)}`);
  return parts.join(", ");
};

export const traced =
  (parts: { readonly monotonicMs: () => number; readonly newId: () => string }): MiddlewareHandler<ShopEnv> =>
  async (c, next) => {
    const startMs = parts.monotonicMs();
    const asked = c.req.header("X-Request-Id");
    const requestId = asked !== undefined && REQUEST_ID.test(asked) ? asked : parts.newId();
    const trace: Trace = { requestId, outcome: "bypass", cacheMs: undefined, databaseMs: undefined };
    c.set("trace", trace);
    await next();
    c.res.headers.set("X-Request-Id", requestId);
    c.res.headers.set("X-Cache-App", trace.outcome.toUpperCase());
    c.res.headers.set("Server-Timing", serverTiming(trace, parts.monotonicMs() - startMs));
  };
