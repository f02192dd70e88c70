// Owns the reading of Retry-After (RFC 9110 10.2.3): seconds, or a date measured against the answer's own Date. Pure.
import { dateMs } from "../http/date.ts";

// An edge that asks for more is asked again all the same.
const LONGEST_MS = 5 * 60_000;

/** Undefined when it says nothing that can be read. The clock of this machine does not count. */
export function retryAfterMs(headers: Pick<Headers, "get">): number | undefined {
  const field = headers.get("Retry-After")?.trim();
  if (field === undefined) return undefined;
  if (/^\d+$/.test(field)) return Math.min(Number(field) * 1_000, LONGEST_MS);
  const [untilMs, sentMs] = [dateMs(field), dateMs(headers.get("Date") ?? "")];
  if (untilMs === undefined || sentMs === undefined) return undefined;
  return Math.min(Math.max(0, untilMs - sentMs), LONGEST_MS);
}
