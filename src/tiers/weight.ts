// Owns the weight of an entry in the isolate's heap: key, record and body, in bytes. The constants are measured (decision 011).
import type { CacheKey } from "../http/select/key.ts";
import { sizeOfBody } from "./encoded-forms.ts";
import type { Entry } from "./tier.ts";

/** The record, its place in queue and Map, and the buffer's own object. */
const ENTRY_BYTES = 600;
/** A pair of strings: two headers, the array, and its place in a list. */
const PAIR_BYTES = 64;
/** A hash of 16 digits. */
const TARGET_BYTES = 64;
const STRING_BYTES = 16;

export function weightOf(key: CacheKey, entry: Entry): number {
  let bytes = ENTRY_BYTES + textBytes(key);
  if (entry.kind === "vary") {
    const { variants, languages } = entry.index;
    for (const text of [...variants, ...languages.flat()]) bytes += textBytes(text) + STRING_BYTES;
    return bytes;
  }
  const { stored, body } = entry;
  for (const pairs of [stored.headers, stored.edgeHeaders, Object.entries(stored.variant)])
    for (const [name, value] of pairs) bytes += textBytes(name) + textBytes(value ?? "") + PAIR_BYTES;
  for (const text of [stored.etag, stored.lastModified, stored.shownEtag]) bytes += textBytes(text ?? "");
  return bytes + stored.targets.length * TARGET_BYTES + (body.kind === "bytes" ? sizeOfBody(body) : 0);
}

const WIDE = /[^\0-\xff]/;

/** The heap stores Latin-1 text in one byte a character, other text in two. */
function textBytes(text: string): number {
  return WIDE.test(text) ? text.length * 2 : text.length;
}
