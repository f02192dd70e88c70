// Owns the names of a request: its id towards client and origin, and the trace in which each request to the origin is a span.
import type { HeaderPairs } from "../../http/message/fields.ts";
import { readTraceparent, type TraceContext, traceparent } from "../../http/message/traceparent.ts";

/** Source of unique names. */
export interface Ids {
  uuid(): string;
  /** Random bytes, as hexadecimal digits. */
  hex(bytes: number): string;
}

export interface Trace {
  /** The client's id where it is harmless, else a new one. */
  readonly requestId: string;
  /** Trace fields for one request to the origin, which is a span of its own. Reads and makes nothing before the first call. */
  span(): HeaderPairs;
}

/** Continues the client's trace. Where the client sent none that can be read, a trace begins with the first request to the origin. */
export function traceOf(headers: Headers, ids: Ids): Trace {
  let begun: TraceContext | undefined;
  return {
    requestId: requestIdOf(headers, ids),
    span() {
      const sent = readTraceparent(headers.get("traceparent") ?? "");
      const context = sent ?? (begun ??= { traceId: ids.hex(16), isSampled: true });
      const state = sent && headers.get("tracestate");
      const own = ["traceparent", traceparent(context, ids.hex(8))] as const;
      return state ? [own, ["tracestate", state]] : [own];
    },
  };
}

const HARMLESS = /^[A-Za-z0-9._-]{1,128}$/;

export function requestIdOf(headers: Headers, ids: Ids): string {
  const sent = headers.get("x-request-id");
  return sent !== null && HARMLESS.test(sent) ? sent : ids.uuid();
}
