// Owns the decoding of origins' content codings: which of them a fill decodes, and the header section of the decoded body.
import { parseDirectives } from "../message/cache-control.ts";
import type { ContentCoding } from "../select/coding.ts";
import { isCompressedFile } from "./compressed-file.ts";
import type { RequestFacts, ResponseFacts } from "../message/facts.ts";
import { type HeaderPairs, readerOf, trimOws } from "../message/fields.ts";
import { CACHE_FIELDS } from "../message/targeted.ts";

/** Codings are compared in any case; `x-gzip` is gzip (RFC 9110 8.4.1). A list of codings is not decoded. */
const DECODABLE: ReadonlyMap<string, ContentCoding> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["br", "br"],
  ["zstd", "zstd"],
]);

/** Fields that describe the encoded bytes. */
const OF_ENCODED: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-length",
  "content-md5",
  "content-digest",
  "repr-digest",
]);

/**
 * The coding that a fill decodes, so that one stored body serves every client. `undefined` where the body stays as it came: in the
 * coding that the origin was asked for, where a rule declares codings; where the origin forbids it; where the coding is that of a compressed
 * file; and a 206, which is a part of the encoded bytes. `request`: as the origin received it.
 */
export function codingToUndo(
  response: ResponseFacts,
  request: Pick<RequestFacts, "location" | "field">,
  keepCodings: boolean,
): ContentCoding | undefined {
  const { status, field } = response;
  const coding = DECODABLE.get(trimOws(field("content-encoding") ?? "").toLowerCase());
  if (coding === undefined || status === 206 || status === 304 || forbidsTransform(response)) return undefined;
  if (isCompressedFile(request.location.path, field, coding)) return undefined;
  return keepCodings && coding === request.field("accept-encoding") ? undefined : coding;
}

/** RFC 9111 5.2.2.6, addressed to every intermediary: no other field takes it back. */
export function forbidsTransform({ field }: Pick<ResponseFacts, "field">): boolean {
  return CACHE_FIELDS.some((name) => parseDirectives(field(name) ?? "").has("no-transform"));
}

/** Whether a field describes the encoded bytes. */
export function describesEncoded(name: string): boolean {
  return OF_ENCODED.has(name.toLowerCase());
}

/** The response as it reads after decoding; its validators are still the origin's. */
export function decodedFacts(response: ResponseFacts): ResponseFacts {
  return withHeaders(
    response,
    response.headers.filter(([name]) => !describesEncoded(name)),
  );
}

/** With its tag weakened, as clients see it: the origin gave the tag to other bytes (RFC 9110 8.8.1). */
export function withWeakTag(response: ResponseFacts): ResponseFacts {
  const headers = response.headers.map(([name, value]): readonly [string, string] => {
    return [name, name.toLowerCase() === "etag" ? weakened(value) : value];
  });
  return withHeaders(response, headers);
}

function withHeaders(response: ResponseFacts, headers: HeaderPairs): ResponseFacts {
  return { ...response, headers, field: readerOf(headers) };
}

/** Weakens the tag, because its bytes may differ from those the origin gave it to (RFC 9110 8.8.1). */
export function weakened(etag: string): string {
  return etag.startsWith("W/") ? etag : `W/${etag}`;
}
