// Owns the reading of an origin's health from its answer: alive, broken down, or neither.
import type { ResponseFacts } from "../message/facts.ts";
import { explicitLifetime } from "./freshness.ts";

/**
 * "answered": the origin is alive. "broken": no server answered in time behind the gateway that did. "silent": neither is known,
 * so it neither opens nor closes a circuit.
 */
export type Health = "answered" | "broken" | "silent";

/** A gateway sends 502 and 504 (RFC 9110 15.6.3, 15.6.5). The platform sends 521 to 524 where it got no connection or no answer. */
const BROKEN: ReadonlySet<number> = new Set([502, 504, 521, 522, 523, 524]);
/** Backpressure (RFC 9110 15.6.4, RFC 6585 4), and refusals by a guard in front of the origin. */
const SILENT: ReadonlySet<number> = new Set([403, 429, 503]);

/** A 500 is an answer: the origin is there, and this one request failed. So is an error that the origin itself calls cacheable. */
export function healthOf(response: ResponseFacts): Health {
  if (SILENT.has(response.status)) return "silent";
  const isBroken = BROKEN.has(response.status) && (explicitLifetime(response)?.seconds ?? 0) <= 0;
  return isBroken ? "broken" : "answered";
}
