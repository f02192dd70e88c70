// Owns the test of a rule's pattern against a path: as it is written, in any case, or in every way a server may read the path.
import { caseFolded, readingsOf } from "../http/message/lenient-path.ts";
import { normalisedPath } from "../http/message/path.ts";
import { patternTest } from "../http/message/pattern.ts";
import { namesIn, segmentReader } from "./segments.ts";

/** `exact`: case counts. `fold`: it does not. `lenient`: nor does any other difference that some server overlooks (see lenient-path.ts). */
export type PathReading = "exact" | "fold" | "lenient";

export function pathTest(match: string, reading: PathReading): (path: string) => boolean {
  const pattern = normalisedPattern(match);
  const written = testOf(match);
  const normal = testOf(pattern);
  const exact = pattern === match ? normal : (path: string) => normal(path) || written(path);
  if (reading === "exact") return exact;
  const folded = testOf(caseFolded(pattern));
  if (reading === "fold" || NAMES_AMBIGUOUS.test(pattern)) return (path) => exact(path) || folded(caseFolded(path));
  return (path) => exact(path) || readingsOnce(path).some(folded);
}

let latest: { readonly path: string; readonly readings: readonly string[] } | undefined;

/** The rules of a site test the same path one after the other, and reading a long path takes a millisecond or two. */
function readingsOnce(path: string): readonly string[] {
  if (latest?.path !== path) latest = { path, readings: readingsOf(path) };
  return latest.readings;
}

/** A pattern that spells out one of these means that spelling, and not what a lenient server makes of it. */
const NAMES_AMBIGUOUS = /%[0-7]|[;\\]|\/\//;

/** A pattern in the normal form that paths have: otherwise `/bücher/*` would match no request. */
export function normalisedPattern(match: string): string {
  return match
    .split(/(\*|\{[a-zA-Z_]\w*\})/)
    .map((piece, index) => (index % 2 === 1 ? piece : normalisedPiece(piece)))
    .join("");
}

/** The letters around it keep a parser from taking dots at its ends for dot segments. */
function normalisedPiece(piece: string): string {
  return normalisedPath(`/x${piece}x`).slice(2, -1);
}

function testOf(pattern: string): (path: string) => boolean {
  if (namesIn(pattern).length === 0) return patternTest(pattern);
  const read = segmentReader(pattern);
  return (path) => read(path) !== undefined;
}
