// Owns the fields by which every response reports on its own exchange: Cache-Status, X-Cache, X-Request-Id and Server-Timing.
import { cacheStatus, detailOf, type Outcome, xCache } from "../../http/answer/cache-status.ts";
import type { Exchange } from "../edge.ts";

/** Appends to the Cache-Status of caches nearer to the origin. */
export function setDiagnostics(headers: Headers, { trace, timings }: Exchange, outcome: Outcome): void {
  headers.set("Cache-Status", cacheStatus(outcome, headers.get("cache-status") ?? undefined));
  headers.set("X-Cache", xCache(outcome));
  headers.set("X-Request-Id", trace.requestId);
  if (timings) headers.set("Server-Timing", timings.field(detailOf(outcome)));
}
