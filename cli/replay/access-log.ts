// Owns the grammar of one access log line (Apache and nginx, common and combined format). Never throws, never reads files.

export interface LogEntry {
  readonly host: string;
  readonly ident: string | undefined;
  readonly user: string | undefined;
  readonly timeMs: number;
  readonly zoneMinutes: number;
  /** The request line as the client sent it, unescaped; it may be junk. */
  readonly request: string;
  readonly status: number;
  readonly bodyBytes: number | undefined;
  /** Absent in the common format; its values are undefined where the log has `-`. */
  readonly client: { readonly referer: string | undefined; readonly agent: string | undefined } | undefined;
}

export type ParsedLine =
  | { readonly kind: "entry"; readonly entry: LogEntry }
  | { readonly kind: "bad"; readonly problem: string };

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// The user name may hold spaces, so the date is what ends it.
const HEAD =
  /^(?<host>[^ ]+) (?<ident>[^ ]+) (?<user>.*?) ?\[(?<day>\d\d)\/(?<month>[A-Z][a-z]{2})\/(?<year>[1-9]\d{3}):(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d):(?<second>[0-5]\d) (?<sign>[+-])(?<zoneHour>[01]\d)(?<zoneMinute>[0-5]\d)\] (?=")/s;
const RESULT = /^ (?<status>[1-9]\d\d) (?<bytes>\d{1,15}|-)(?= |$)/;

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

export function parseLine(line: string): ParsedLine {
  const head = HEAD.exec(line);
  if (head?.groups === undefined) return bad("no host, user and date where a log line has them");
  const time = readTime(head.groups);
  if (time === undefined) return bad("a date that does not exist");
  const request = readQuoted(line, head[0].length);
  if (request === undefined) return bad("the request's quotation marks are not closed");
  const rest = line.slice(request.end);
  const result = RESULT.exec(rest);
  if (result?.groups === undefined) return bad("no status and size after the request");
  const client = readClient(rest, result[0].length);
  if (client === "unclosed") return bad("the referer's quotation marks are not closed");
  const { host = "", ident, user } = head.groups;
  const { status, bytes } = result.groups;
  return {
    kind: "entry",
    entry: {
      host,
      ident: present(ident),
      user: present(user),
      ...time,
      request: request.value,
      status: Number(status),
      bodyBytes: bytes === "-" ? undefined : Number(bytes),
      client,
    },
  };
}

/** The canonical line of an entry: `parseLine(formatEntry(e))` is `e`. */
export function formatEntry(entry: LogEntry): string {
  const fields = [entry.host, entry.ident ?? "-", entry.user ?? "-", `[${formatTime(entry)}]`];
  fields.push(quote(entry.request), String(entry.status), String(entry.bodyBytes ?? "-"));
  if (entry.client !== undefined) fields.push(quote(entry.client.referer ?? "-"), quote(entry.client.agent ?? "-"));
  return fields.join(" ");
}

function bad(problem: string): ParsedLine {
  return { kind: "bad", problem };
}

function present(field: string | undefined): string | undefined {
  return field === "-" ? undefined : field;
}

function readTime(groups: Record<string, string | undefined>): { timeMs: number; zoneMinutes: number } | undefined {
  const { day, month = "", year, hour, minute, second, sign, zoneHour, zoneMinute } = groups;
  const monthIndex = MONTHS.indexOf(month);
  if (monthIndex === -1) return undefined;
  const localMs = Date.UTC(Number(year), monthIndex, Number(day), Number(hour), Number(minute), Number(second));
  if (new Date(localMs).getUTCDate() !== Number(day)) return undefined;
  const offset = Number(zoneHour) * 60 + Number(zoneMinute);
  const zoneMinutes = sign === "-" && offset !== 0 ? -offset : offset;
  return { timeMs: localMs - zoneMinutes * 60_000, zoneMinutes };
}

function formatTime({ timeMs, zoneMinutes }: LogEntry): string {
  const local = new Date(timeMs + zoneMinutes * 60_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${two(local.getUTCDate())}/${MONTHS[local.getUTCMonth()]}/${local.getUTCFullYear()}`;
  const clock = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  const offset = Math.abs(zoneMinutes);
  return `${date}:${clock} ${zoneMinutes < 0 ? "-" : "+"}${two(Math.floor(offset / 60))}${two(offset % 60)}`;
}

// Fields after the user agent (response times, forwarded hosts) are common and ignored.
function readClient(rest: string, at: number): LogEntry["client"] | "unclosed" {
  if (!rest.startsWith(' "', at)) return undefined;
  const referer = readQuoted(rest, at + 1);
  if (referer === undefined) return "unclosed";
  if (!rest.startsWith(' "', referer.end)) return { referer: present(referer.value), agent: undefined };
  // servers cut long user agents off, closing quotation marks and all; nothing that counts comes after
  const agent = readQuoted(rest, referer.end + 1)?.value ?? rest.slice(referer.end + 2);
  return { referer: present(referer.value), agent: present(agent) };
}

function readQuoted(line: string, start: number): { value: string; end: number } | undefined {
  let value = "";
  let at = start + 1;
  while (at < line.length) {
    const stop = nextSpecial(line, at);
    if (stop === -1) return undefined;
    value += line.slice(at, stop);
    if (line[stop] === '"') return { value, end: stop + 1 };
    const escape = readEscape(line, stop);
    value += escape.value;
    at = escape.end;
  }
  return undefined;
}

function nextSpecial(line: string, from: number): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === '"' || line[at] === "\\") return at;
  }
  return -1;
}

function readEscape(line: string, at: number): { value: string; end: number } {
  const hex = /^\\x([0-9a-fA-F]{2})/.exec(line.slice(at, at + 4))?.[1];
  if (hex !== undefined) return { value: String.fromCharCode(Number.parseInt(hex, 16)), end: at + 4 };
  const simple = SIMPLE_ESCAPES[line[at + 1] ?? ""];
  // An unknown escape stands for itself: servers disagree, and the text is only passed on.
  return simple === undefined ? { value: "\\", end: at + 1 } : { value: simple, end: at + 2 };
}

function quote(text: string): string {
  const escaped = text.replace(/["\\]|[^\x20-\x7e]/g, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    const code = character.charCodeAt(0);
    return code > 0xff ? character : `\\x${code.toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}
