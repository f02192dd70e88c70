// Owns what a message says of its own length and transfer codings, and whether that can be believed (RFC 9112 6).
import { type FieldReader, type HeaderPairs, splitList } from "./fields.ts";

/** Without the length that Transfer-Encoding overrides: it must be neither believed nor passed on (RFC 9112 6.3). */
export function withoutFalseLength(pairs: HeaderPairs, field: FieldReader): HeaderPairs {
  if (field("transfer-encoding") === undefined) return pairs;
  return pairs.filter(([name]) => name.toLowerCase() !== "content-length");
}

/** Whether the bytes are encoded in a way that nobody here undoes; chunked comes last and once (RFC 9112 6.1, 7). */
export function hasUnknownTransferCoding(field: FieldReader): boolean {
  const codings = splitList((field("transfer-encoding") ?? "").toLowerCase()).filter((coding) => coding !== "identity");
  return codings.length > 1 || codings.some((coding) => coding !== "chunked");
}
