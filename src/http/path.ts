// Owns the normal form of a path: one spelling for rule, key and fetch (RFC 3986 6.2.2).

const ENCODED = /%([0-9a-f]{2})/gi;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

/**
 * Decodes what never needed encoding and writes the rest in capitals, so that `/%61dmin` is `/admin` to every rule. The path
 * must come from a URL parser, which has resolved dot segments in all their spellings.
 */
export function normalisedPath(path: string): string {
  if (!path.includes("%")) return path;
  return path.replace(ENCODED, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : encoded.toUpperCase();
  });
}
