// Owns framing: a message's declared length and transfer codings, and whether they can be believed (RFC 9112 6).
import { type FieldReader, type HeaderPairs, splitList } from "./fields.ts";

/** Without the length that Transfer-Encoding overrides: it must be neither believed nor passed on (RFC 9112 6.3). */
export function withoutFalseLength(pairs: HeaderPairs, field: FieldReader): HeaderPairs {
  if (field("transfer-encoding") === undefined) return pairs;
  return pairs.filter(([name]) => name.toLowerCase() !== "content-length");
}

/** Names of codings, registered or in use, and every spelling that some server may take for one (RFC 9112 7). */
const CODING = /chunk|gzip|deflate|compress|br|zstd|trailer/;

/**
 * Whether the bytes are, or may be, in a transfer coding that the edge does not decode; chunked comes last and once (RFC 9112 6.1, 7). A single word
 * that names no coding at all says nothing of the bytes: the public suite asks that such a response is stored without the field.
 */
export function hasUnknownTransferCoding(field: FieldReader): boolean {
  const codings = splitList((field("transfer-encoding") ?? "").toLowerCase()).filter((coding) => coding !== "identity");
  const [only = "chunked"] = codings;
  if (codings.length > 1) return true;
  return only !== "chunked" && (!/^[a-z]+$/.test(only) || CODING.test(only));
}
