// Owns entity tags: parsing lists and comparing them (RFC 9110 8.8.3).

const ENTITY_TAG = /(W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"/y;

/** The opaque tags of an If-None-Match or If-Match list, `"*"`, or `undefined` where the list is malformed. */
export function parseEtagList(value: string): readonly string[] | "*" | undefined {
  const text = value.trim();
  if (text === "*") return "*";
  const tags: string[] = [];
  let position = 0;
  while (position < text.length) {
    ENTITY_TAG.lastIndex = position;
    const match = ENTITY_TAG.exec(text);
    if (!match) return undefined;
    tags.push(match[0]);
    position = ENTITY_TAG.lastIndex;
    const separator = /^[ \t]*(?:,[ \t]*)*/.exec(text.slice(position))?.[0] ?? "";
    position += separator.length;
    if (position < text.length && !separator.includes(",")) return undefined;
  }
  return tags;
}

/** Same opaque tag, weak or strong (RFC 9110 8.8.3.2): what If-None-Match uses. */
export function weakMatch(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

function opaque(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
