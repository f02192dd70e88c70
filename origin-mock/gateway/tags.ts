// Owns the tags of an answer: Cache-Tag as a list, and each as a field of the hash of purges.

const MOST_TAGS = 1_000;
const LONGEST_TAG = 1_024;

/** Undefined where there are more, or longer ones, than are kept: what cannot be purged is not kept either. */
export function tagsOf(cacheTag: string | undefined): readonly string[] | undefined {
  const tags = [...new Set((cacheTag ?? "").split(",").map((tag) => tag.trim()))].filter((tag) => tag !== "");
  return tags.length > MOST_TAGS || tags.some((tag) => tag.length > LONGEST_TAG) ? undefined : tags;
}

/** Prefixed, so that no tag is taken for the hash's own fields. */
export function tagField(tag: string): string {
  return `tag:${tag}`;
}
