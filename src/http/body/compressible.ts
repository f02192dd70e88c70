// Owns which responses may leave encoded although they came plain: text of some length, and types that are as redundant as text.
import { isEndless } from "./event-stream.ts";
import type { ResponseFacts } from "../message/facts.ts";
import { trimOws } from "../message/fields.ts";
import { isBodyless } from "../message/status-table.ts";
import { forbidsTransform } from "./content-decoding.ts";

/** A shorter body saves fewer bytes than the fields cost, and no packet. */
export const MIN_COMPRESSED_BYTES = 1024;

/** Types outside `text/*` that are text, or as redundant as text. Media, archives and woff fonts are compressed already. */
const TYPES: ReadonlySet<string> = new Set([
  "application/javascript",
  "application/x-javascript",
  "application/ecmascript",
  "application/json",
  "application/x-ndjson",
  "application/jsonlines",
  "application/xml",
  "application/yaml",
  "application/x-yaml",
  "application/toml",
  "application/graphql",
  "application/sql",
  "application/rtf",
  "application/wasm",
  "application/vnd.ms-fontobject",
  "application/x-font-ttf",
  "application/x-font-otf",
  "application/vnd.apple.mpegurl",
  "font/ttf",
  "font/otf",
  "font/sfnt",
  "font/collection",
  "image/bmp",
  "image/x-icon",
  "image/vnd.microsoft.icon",
]);

function isRedundant(type: string): boolean {
  return type.startsWith("text/") || TYPES.has(type) || /\+(?:json|xml|yaml|text)$/.test(type);
}

/** Whether the bytes may be encoded here, once they are the whole and long enough. */
export function isCompressible(response: ResponseFacts): boolean {
  const { status, field } = response;
  if (isBodyless(status) || field("content-encoding") !== undefined) return false;
  // events must not wait for each other
  if (isEndless(field)) return false;
  const [type = ""] = (field("content-type") ?? "").split(";", 1);
  return isRedundant(trimOws(type).toLowerCase()) && !forbidsTransform(response);
}

/** Whether the encoded form saves enough to be decoded for. */
export function isWorthIt(encodedBytes: number, plainBytes: number): boolean {
  return encodedBytes <= plainBytes * 0.95;
}
