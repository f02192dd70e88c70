// Owns content codings of the origin's own: the runtime undoes some of them when a body is read here, and then the header section
// must not go on promising what the bytes no longer are.
import type { ResponseFacts } from "./facts.ts";
import { type HeaderPairs, readerOf } from "./fields.ts";

/** As the runtime compares them: exactly. Any other coding is bytes like any bytes, kept as they came. */
const UNDONE: ReadonlySet<string> = new Set(["gzip", "br"]);

/** Fields that describe the encoded bytes. */
const OF_ENCODED: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-length",
  "content-md5",
  "content-digest",
  "repr-digest",
]);

/** The coding that reading the body undoes; `undefined` where none is. A 206 is a part of the encoded bytes: no decoder takes it. */
export function undoneCoding({ status, field }: ResponseFacts): string | undefined {
  const coding = field("content-encoding");
  return coding !== undefined && UNDONE.has(coding) && status !== 206 && status !== 304 ? coding : undefined;
}

/**
 * The coding in which a decoded body leaves again: the one the origin was asked for, where a rule declares codings
 * (`accepted`: Accept-Encoding as the origin received it). Otherwise it leaves decoded.
 */
export function codingToRestore(
  response: ResponseFacts,
  accepted: string | undefined,
  keepCodings: boolean,
): string | undefined {
  const coding = undoneCoding(response);
  return keepCodings && coding === accepted ? coding : undefined;
}

/** The fields that stay true of the decoded bytes. */
export function withoutCoding(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => !OF_ENCODED.has(name.toLowerCase()));
}

/**
 * The response as it reads after decoding. `reencoded`: the runtime encodes the body again on its way out, so it keeps its coding;
 * its bytes, and so the length, may be others.
 */
export function asRead(response: ResponseFacts, reencoded: boolean): ResponseFacts {
  const coding = undoneCoding(response);
  if (coding === undefined) return response;
  const decoded = withoutCoding(response.headers).map(([name, value]): readonly [string, string] => {
    return [name, name.toLowerCase() === "etag" ? weakened(value) : value];
  });
  const headers: HeaderPairs = reencoded ? [...decoded, ["Content-Encoding", coding]] : decoded;
  return { ...response, headers, field: readerOf(headers) };
}

/** For bytes that may differ from those the tag was given to (RFC 9110 8.8.1). */
export function weakened(etag: string): string {
  return etag.startsWith("W/") ? etag : `W/${etag}`;
}
