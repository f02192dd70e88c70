// Owns HTTP dates (RFC 9110 5.6.7): all three forms are read, because a condition that is not understood protects nothing. Pure.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = "(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)";
const FORMS = [
  `${DAY}, (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `${LONG_DAY}, (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT`,
  `${DAY} ${MONTH} (?<day> \\d|\\d{2}) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/** Two digits are 1970 to 2069: a recipient with a clock would disagree about dates half a century away only. */
function fullYear(digits: string): number {
  return digits.length === 4 ? Number(digits) : Number(digits) + (Number(digits) < 70 ? 2_000 : 1_900);
}

/** Undefined for what is no HTTP date, and for days that no month has. */
export function dateMs(field: string): number | undefined {
  const groups = FORMS.map((form) => form.exec(field)?.groups).find((found) => found !== undefined);
  if (groups === undefined) return undefined;
  const { year = "", month = "", day, hour, minute, second } = groups;
  const midnightMs = Date.UTC(fullYear(year), MONTHS.indexOf(month), Number(day));
  if (new Date(midnightMs).getUTCDate() !== Number(day)) return undefined;
  return midnightMs + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000;
}

/** HTTP dates have whole seconds. */
export function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
