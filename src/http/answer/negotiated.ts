// Owns content negotiation by Accept-Encoding: the coding of an answer that may leave encoded, and the fields that say so.
import { type ContentCoding, selectCoding } from "../select/coding.ts";
import type { RequestFacts } from "../message/facts.ts";
import type { HeaderPairs } from "../message/fields.ts";
import { weakened } from "../body/content-decoding.ts";
import { withDeclaredVary } from "../select/vary.ts";

/** The coding in which this client gets the whole. Ranges count in the stored bytes (RFC 9110 14.2). */
export function negotiatedCoding(
  { field }: Pick<RequestFacts, "field">,
  offered: readonly ContentCoding[],
): ContentCoding | "identity" {
  // a client may forbid it as well (RFC 9111 5.2.1.6)
  if (field("cache-control")?.toLowerCase().includes("no-transform")) return "identity";
  return selectCoding(field("accept-encoding"), offered);
}

/**
 * The header section of a negotiated answer, also where it leaves plain: other clients get other bytes (RFC 9110 12.5.5), and
 * the tag is weak for every client that gets other bytes than the origin sent, the 304 included (8.8.1, 15.4.5).
 */
export const negotiatedFields = madeOnce((headers, coding: ContentCoding | "identity") => {
  const varied = withDeclaredVary(headers, ["accept-encoding"]);
  if (coding === "identity") return varied;
  return varied.map((pair) => (pair[0].toLowerCase() === "etag" ? [pair[0], weakened(pair[1])] : pair));
});

/** With the coding in which the bytes leave, and without fields that describe other bytes (RFC 9530 2, 3) or promise ranges of them. */
export const encodedFields = madeOnce((headers, coding: ContentCoding) => {
  const others = headers.filter(
    ([name]) => !/^(?:content-(?:length|md5|digest)|repr-digest|accept-ranges)$/i.test(name),
  );
  return [...others, ["Content-Encoding", coding]];
});

/** Pairs of all remembered header sections together; beyond this number everything is made anew. */
const MAX_KEPT_PAIRS = 20_000;

/** Each hit asks for the fields of a stored header section, so they are made once and remembered with it. */
function madeOnce<Coding extends string>(
  make: (headers: HeaderPairs, coding: Coding) => HeaderPairs,
): (headers: HeaderPairs, coding: Coding) => HeaderPairs {
  let made = new WeakMap<HeaderPairs, Map<Coding, HeaderPairs>>();
  let pairs = 0;
  return (headers, coding) => {
    const known = made.get(headers)?.get(coding);
    if (known) return known;
    const fields = make(headers, coding);
    pairs += fields.length;
    // no tier counts it
    if (pairs > MAX_KEPT_PAIRS) {
      made = new WeakMap();
      pairs = fields.length;
    }
    const forms = made.get(headers) ?? new Map<Coding, HeaderPairs>();
    made.set(headers, forms.set(coding, fields));
    return fields;
  };
}
