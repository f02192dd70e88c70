// Owns the readings of a path by lenient servers, so that no spelling evades a rule that restricts, or reaches the edge's own paths.

/** A path without any of these has one reading. */
const AMBIGUOUS = /[%\\;?#\0]|\/\//;
/** Path parameters (RFC 3986 3.3), and whatever follows a character that ends a path once it is decoded. */
const PARAMETERS = /[;?#\0][^/]*/g;
const ENCODED_TEXT = /(?:%[89a-f][0-9a-f])+/gi;

/** The same text for every case of its letters; encoded letters beyond ASCII count as letters. */
export function caseFolded(text: string): string {
  const decoded = text.includes("%") ? text.replace(ENCODED_TEXT, decodedText) : text;
  if (/^[\0-\x7f]*$/.test(decoded)) return decoded.toLowerCase();
  // upwards as well: ſ and the Kelvin sign are s and k to a server that ignores case
  return decoded.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

/**
 * Every reading of a path in its normal form, folded in case: decoded until nothing is left to decode; with slashes for backslashes,
 * empty segments dropped; with dot segments as they are, or resolved before or after that; with path parameters, or without.
 */
export function readingsOf(path: string): readonly string[] {
  if (!AMBIGUOUS.test(path)) return [caseFolded(path)];
  const decoded = caseFolded(fullyDecoded(path)).replaceAll("\\", "/");
  const readings = [decoded, decoded.replaceAll(PARAMETERS, "")].flatMap((text) => {
    return [collapsed(text), collapsed(resolved(text)), resolved(collapsed(text))];
  });
  return [...new Set(readings)];
}

const OWN = /^\/\.strata(?:[/;?#\0]|$)/;

/** Whether some server could take the path for one below the edge's own prefix. */
export function isOwnPath(path: string): boolean {
  return readingsOf(path).some((reading) => OWN.test(reading));
}

function decodedText(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** Decodes in one pass, at any depth: a decoded byte may complete an encoding with the bytes before and after it. */
function fullyDecoded(path: string): string {
  const bytes: number[] = [];
  for (const byte of new TextEncoder().encode(path)) {
    bytes.push(byte);
    for (let value = lastEncoded(bytes); value !== undefined; value = lastEncoded(bytes)) {
      bytes.length -= 3;
      bytes.push(value);
    }
  }
  return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

const PERCENT = 0x25;

/** The byte that the last three bytes encode. */
function lastEncoded(bytes: readonly number[]): number | undefined {
  if (bytes.at(-3) !== PERCENT) return undefined;
  const hex = String.fromCharCode(bytes.at(-2) ?? 0, bytes.at(-1) ?? 0);
  return /^[0-9a-f]{2}$/i.test(hex) ? Number.parseInt(hex, 16) : undefined;
}

function collapsed(path: string): string {
  return path.replaceAll(/\/{2,}/g, "/");
}

/** RFC 3986 5.2.4, as URL parsers do it. */
function resolved(path: string): string {
  const segments: string[] = [];
  const all = path.split("/").slice(1);
  for (const [index, segment] of all.entries()) {
    const isDots = segment === "." || segment === "..";
    if (segment === "..") segments.pop();
    if (!isDots) segments.push(segment);
    else if (index === all.length - 1) segments.push("");
  }
  return `/${segments.join("/")}`;
}
