// Owns Retry-After (RFC 9110 10.2.3): delay-seconds, or a date.
import { parseHttpDate } from "./dates.ts";
import { deltaSeconds } from "./fields.ts";

/** Seconds from receipt, never negative; `undefined` where the field is absent or neither form. */
export function retryAfterSeconds(value: string | undefined, receivedAtMs: number): number | undefined {
  if (value === undefined) return undefined;
  const delay = deltaSeconds(value);
  if (delay !== undefined) return delay;
  const dateMs = parseHttpDate(value, receivedAtMs);
  return dateMs === undefined ? undefined : Math.max(0, Math.ceil((dateMs - receivedAtMs) / 1000));
}
