// Owns the tags of an answer: Cache-Tag as a list, and each as a field of the hash of purges.

const MOST_TAGS = 1_000;
const LONGEST_TAG = 1_024;

/** Undefined beyond the limits of number and length: an answer that cannot be purged is not stored. */
export function tagsOf(cacheTag: string | undefined): readonly string[] | undefined {
  const tags = [...new Set((cacheTag ?? "").split(",").map((tag) => tag.trim()))].filter((tag) => tag !== "");
  return tags.length > MOST_TAGS || tags.some((tag) => tag.length > LONGEST_TAG) ? undefined : tags;
}

/** Prefixed, so that no tag collides with the hash's own fields. */
export function tagField(tag: string): string {
  return `tag:${tag}`;
}
