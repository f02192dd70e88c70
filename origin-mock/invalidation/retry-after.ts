// Owns the reading of Retry-After (RFC 9110 10.2.3): seconds, or a date measured against the answer's own Date. Pure.

// An edge that asks for more is asked again all the same.
const LONGEST_MS = 5 * 60_000;
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

const dateMs = (field: string | null): number | undefined => {
  const ms = field !== null && HTTP_DATE.test(field) ? Date.parse(field) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
};

/** Undefined when it says nothing that can be read. The clock of this machine does not count. */
export const retryAfterMs = (headers: Pick<Headers, "get">): number | undefined => {
  const field = headers.get("Retry-After")?.trim();
  if (field === undefined) return undefined;
  if (/^\d+$/.test(field)) return Math.min(Number(field) * 1_000, LONGEST_MS);
  const [untilMs, sentMs] = [dateMs(field), dateMs(headers.get("Date"))];
  if (untilMs === undefined || sentMs === undefined) return undefined;
  return Math.min(Math.max(0, untilMs - sentMs), LONGEST_MS);
};
