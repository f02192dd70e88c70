// Owns entity tags: parsing lists and comparing them (RFC 9110 8.8.3).

import { trimOws } from "./fields.ts";
const ENTITY_TAG = /(W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"/y;

/** The opaque tags of an If-None-Match or If-Match list, `"*"`, or `undefined` where the list is malformed. */
export function parseEtagList(value: string): readonly string[] | "*" | undefined {
  const text = trimOws(value);
  if (text === "*") return "*";
  const tags: string[] = [];
  let position = separator(text, 0).length;
  while (position < text.length) {
    ENTITY_TAG.lastIndex = position;
    const tag = ENTITY_TAG.exec(text)?.[0];
    if (tag === undefined) return undefined;
    tags.push(tag);
    position += tag.length;
    const between = separator(text, position);
    position += between.length;
    if (position < text.length && !between.includes(",")) return undefined;
  }
  return tags;
}

/** Commas and white space from `position` on; empty members are allowed (RFC 9110 5.6.1.2). */
function separator(text: string, position: number): string {
  SEPARATOR.lastIndex = position;
  return SEPARATOR.exec(text)?.[0] ?? "";
}

const SEPARATOR = /[ \t,]*/y;

/** Same opaque tag, weak or strong (RFC 9110 8.8.3.2), as If-None-Match compares. */
export function weakMatch(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

/** Same opaque tag, and neither weak (RFC 9110 8.8.3.2), as If-Range compares. */
export function strongMatch(a: string, b: string): boolean {
  return a === b && isStrong(a);
}

/** Whether the tag names one sequence of bytes; without an ETag nothing does (RFC 9110 8.8.1). */
export function isStrong(etag: string | undefined): etag is string {
  return etag !== undefined && !etag.startsWith("W/");
}

function opaque(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
