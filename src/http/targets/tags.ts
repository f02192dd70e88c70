// Owns which tags a response carries: read from the tag fields of every vendor, removed from what clients see.
import { type FieldReader, trimOws } from "../message/fields.ts";
import { readGroups } from "./groups.ts";
import { whyUnnameable } from "./tag-name.ts";

export const MAX_TAG_LENGTH = 1024;
const MAX_TAGS = 1000;

/** Comma-separated tag fields. */
const COMMA_FIELDS = ["cache-tag", "edge-cache-tag", "cdn-tag", "netlify-cache-tag"] as const;
/** Space-separated by its vendor's definition. */
const SPACE_FIELD = "surrogate-key";
/** Without Cache-Groups: gateways add that to a 304, and it says nothing of the tags. */
const TAG_FIELDS: readonly string[] = [...COMMA_FIELDS, SPACE_FIELD];

export type Tags =
  | { readonly usable: true; readonly tags: readonly string[] }
  | { readonly usable: false; readonly reason: "too-many-tags" | "tag-too-long" | "tag-unnameable" };

/**
 * The distinct tags of a response, compared case-sensitively, with the rule's own appended. A response whose tags break a
 * limit, or whose tags no purge request can carry, could not be purged reliably, so it is not stored.
 */
export function readTags(field: FieldReader, ruleTags: readonly string[]): Tags {
  const tags = new Set(ruleTags);
  for (const name of COMMA_FIELDS) {
    // tags are no structured field: quotes are ordinary characters in them
    for (const tag of field(name)?.split(",") ?? []) add(tags, trimOws(tag));
  }
  // several field lines were joined with a comma, which is no separator to its vendor
  for (const line of (field(SPACE_FIELD) ?? "").split(",")) for (const tag of line.split(/[ \t]+/)) add(tags, tag);
  // a group can be purged by its name as any tag can (see groups.ts for what binds it to its origin)
  for (const group of readGroups(field)) tags.add(group.trim());
  if (tags.size > MAX_TAGS) return { usable: false, reason: "too-many-tags" };
  for (const tag of tags) {
    if (tag.length > MAX_TAG_LENGTH) return { usable: false, reason: "tag-too-long" };
    if (whyUnnameable(tag) !== undefined) return { usable: false, reason: "tag-unnameable" };
  }
  return { usable: true, tags: [...tags] };
}

/** True where the response brings any tag field, even an empty one: a 304 that does replaces the stored tags. */
export function hasTagField(field: FieldReader): boolean {
  return TAG_FIELDS.some((name) => field(name) !== undefined);
}

export function isTagField(name: string): boolean {
  return TAG_FIELDS.includes(name.toLowerCase());
}

function add(tags: Set<string>, written: string): void {
  const tag = asUtf8(written).trim();
  if (tag !== "") tags.add(tag);
}

/** The runtime gives a field's bytes as Latin-1. Origins write UTF-8, and purge requests contain letters. */
function asUtf8(written: string): string {
  if (!/[\x80-\xff]/.test(written)) return written;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(Uint8Array.from(written, byteOf));
  } catch {
    return written;
  }
}

/** A character that is no byte makes it no UTF-8. */
function byteOf(letter: string): number {
  const code = letter.charCodeAt(0);
  return code > 0xff ? 0xff : code;
}
