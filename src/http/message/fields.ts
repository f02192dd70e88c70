// Owns the grammar HTTP fields share: lists, tokens, quoted strings, delta-seconds (RFC 9110 5.5-5.6, RFC 9111 1.2.2).

/** Field lines in order; names in any case, one value per line. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/** Reads one field by lower-case name; several lines arrive joined with ", ". */
export type FieldReader = (name: string) => string | undefined;

/** Largest delta-seconds a cache has to represent (RFC 9111 1.2.2). */
const MAX_DELTA_SECONDS = 2 ** 31 - 1;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const QUOTED_STRING = /^"(?:[^"\\]|\\.)*"$/s;
const DIGITS = /^[0-9]+$/;

/**
 * Splits a field value at `delimiter`, but not inside quoted strings; members are trimmed, empty ones dropped
 * (RFC 9110 5.6.1). An unterminated quoted string swallows the rest, so that nothing hides behind it.
 */
export function splitList(value: string, delimiter: "," | ";" = ","): string[] {
  return splitOutsideQuotes(value, delimiter)
    .map(trimOws)
    .filter((member) => member !== "");
}

/** A list with each comma followed by one space, and nothing else changed: the grammar of an unknown field allows no more. */
export function evenlySpaced(value: string): string {
  return value.includes(",") ? splitOutsideQuotes(value, ",").map(trimOws).join(", ") : trimOws(value);
}

function splitOutsideQuotes(value: string, delimiter: "," | ";"): string[] {
  if (!value.includes('"')) return value.split(delimiter);
  const members: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < value.length; i++) {
    const c = value[i];
    if (quoted && c === "\\") i++;
    else if (c === '"') quoted = !quoted;
    else if (c === delimiter && !quoted) {
      members.push(value.slice(start, i));
      start = i + 1;
    }
  }
  members.push(value.slice(start));
  return members;
}

/** Without the optional white space around it: HTTP's, which is space and tab alone (RFC 9110 5.6.3). */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isOws(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}

/** The content of a quoted string, unescaped, or the value itself when it is not quoted (RFC 9110 5.6.4). */
export function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value.slice(1, -1).replace(/\\(.)/gs, "$1");
}

/** A quoted string that ends where it should (RFC 9110 5.6.4). */
export function isQuotedString(value: string): boolean {
  return QUOTED_STRING.test(value);
}

export function isToken(value: string): boolean {
  return TOKEN.test(value);
}

/** Whole seconds, capped at 2^31-1; `undefined` when the text is not 1*DIGIT (RFC 9111 1.2.2). */
export function deltaSeconds(value: string): number | undefined {
  return DIGITS.test(value) ? Math.min(Number(value), MAX_DELTA_SECONDS) : undefined;
}

/** Bytes a Content-Length declares; `undefined` where it is absent or not one plain number (RFC 9110 8.6). */
export function declaredLength(field: FieldReader): number | undefined {
  const value = field("content-length");
  const length = value !== undefined && DIGITS.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(length) ? length : undefined;
}

/** A reader over plain pairs: for stored responses and for tests. Lines of one name are joined in order (RFC 9110 5.3). */
export function readerOf(pairs: HeaderPairs): FieldReader {
  const joined = new Map<string, string>();
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    const before = joined.get(key);
    joined.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return (name) => joined.get(name);
}
