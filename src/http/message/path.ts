// Owns the normal form of a path: one spelling for rule, key, purge and fetch (RFC 3986 6.2.2).

const ENCODED = /%([0-9a-f]{2})?/gi;
const UNRESERVED = /[A-Za-z0-9\-._~]/;
/** A URL parser would rewrite these characters, or resolve these segments. */
const UNPARSED = /[^\x21-\x7e]|["#<>?\\^`{}]|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Decodes letters, digits and marks that never needed encoding, so that `/%61dmin` is `/admin` to every rule; writes the other encodings
 * in capitals; and writes a `%` that begins no encoding as `%25`. Without the last step `/%%361` would become `/%61`, which the
 * origin decodes once more than we did. The result is a fixed point: normalising it again changes nothing, and neither does a URL parser.
 */
export function normalisedPath(path: string): string {
  const parsed = path.startsWith("/") && !UNPARSED.test(path) ? path : parsedPath(path);
  if (!parsed.includes("%")) return parsed;
  return parsed.replace(ENCODED, (encoded, hex: string | undefined) => {
    if (hex === undefined) return "%25";
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : encoded.toUpperCase();
  });
}

/** Encoded where it must be, without dot segments in any spelling. */
function parsedPath(path: string): string {
  const url = new URL("http://host.invalid/");
  url.pathname = path;
  return url.pathname;
}
