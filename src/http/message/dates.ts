// Owns HTTP-date (RFC 9110 5.6.7): the three forms, strictly; anything else is not a date.

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAY = "(?:mon|tue|wed|thu|fri|sat|sun)";
const LONG_DAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day";
const MONTH = `(${MONTHS.join("|")})`;
const TIME = "(\\d{2}):(\\d{2}):(\\d{2})";

const IMF_FIXDATE = new RegExp(`^${DAY}, (\\d{2}) ${MONTH} (\\d{4}) ${TIME} gmt$`, "i");
const RFC_850 = new RegExp(`^${LONG_DAY}, (\\d{2})-${MONTH}-(\\d{2}) ${TIME} gmt$`, "i");
const ASCTIME = new RegExp(`^${DAY} ${MONTH} (\\d{2}| \\d) ${TIME} (\\d{4})$`, "i");

const FIFTY_YEARS = 50;

/**
 * Milliseconds since the epoch, or `undefined` when the text is none of the three HTTP-date forms.
 * `nowMs` places RFC 850's two-digit years: a moment more than 50 years ahead is of the past century.
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const imf = IMF_FIXDATE.exec(text);
  if (imf) return toMs(Number(imf[3]), imf[2], imf[1], imf.slice(4, 7));
  const rfc850 = RFC_850.exec(text);
  if (rfc850) {
    const inCentury = (start: number): number | undefined =>
      toMs(start + Number(rfc850[3]), rfc850[2], rfc850[1], rfc850.slice(4, 7));
    return placed(inCentury, nowMs);
  }
  const asctime = ASCTIME.exec(text);
  if (asctime) return toMs(Number(asctime[6]), asctime[1], asctime[2], asctime.slice(3, 6));
  return undefined;
}

/** IMF-fixdate of a moment, cut to whole seconds. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** The date in this century, or in the last where that were too far ahead, or no date at all. */
function placed(inCentury: (start: number) => number | undefined, nowMs: number): number | undefined {
  const now = new Date(nowMs);
  const century = now.getUTCFullYear() - (now.getUTCFullYear() % 100);
  const ms = inCentury(century);
  now.setUTCFullYear(now.getUTCFullYear() + FIFTY_YEARS);
  return ms === undefined || ms > now.getTime() ? inCentury(century - 100) : ms;
}

function toMs(year: number, month: string | undefined, day: string | undefined, time: string[]): number | undefined {
  const monthIndex = MONTHS.indexOf((month ?? "").toLowerCase());
  const dayOfMonth = Number(day);
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number);
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, monthIndex, dayOfMonth);
  // 31 February would roll over into March: not a date
  if (date.getUTCMonth() !== monthIndex || date.getUTCDate() !== dayOfMonth) return undefined;
  return date.setUTCHours(hours, minutes, seconds);
}
