// Owns entity tags made here from a body, where the origin sent no validator: for browsers' 304s, never for the origin.
import { parseEtagList } from "../message/etag.ts";
import { hashBytes } from "../message/hash.ts";
import type { Stored } from "./stored.ts";

const PREFIX = '"strata-';

/** Strong: the same bytes, the same tag. Only for a 200 that has no validator of its own. */
export function withGeneratedEtag(stored: Stored, bytes: Uint8Array): Stored {
  const { status, etag, lastModified } = stored;
  if (status !== 200 || etag !== undefined || lastModified !== undefined) return stored;
  return { ...stored, shownEtag: `${PREFIX}${hashBytes(bytes)}"` };
}

/** An If-None-Match without the tags that no origin can know; `undefined` where nothing is left of it. */
export function withoutGeneratedTags(ifNoneMatch: string | undefined): string | undefined {
  if (ifNoneMatch === undefined || !ifNoneMatch.includes(PREFIX)) return ifNoneMatch;
  const tags = parseEtagList(ifNoneMatch);
  if (tags === undefined || tags === "*") return ifNoneMatch;
  const others = tags.filter((tag) => !tag.includes(PREFIX));
  return others.length === 0 ? undefined : others.join(", ");
}
