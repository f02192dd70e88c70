// Owns the memory of stored responses that a final answer ended: a copy of one that a tier still shows does not answer, and nothing that
// was under way brings it back.
import { boundedMap } from "../base/bounded-map.ts";
import { hash64 } from "../http/message/hash.ts";
import { type CacheKey, variantKey } from "../http/select/key.ts";
import type { Fence, Stored } from "../http/law/stored.ts";

/** What of a stored response tells which of two is the newer. */
type Dated = Pick<Stored, "receivedAtMs" | "fence" | "variant">;

export interface EndedResponses {
  record(resource: CacheKey, stored: Dated): void;
  /** A new response of the variant was fetched: from here on it speaks for itself, however short after the old one it came. */
  supersede(resource: CacheKey, stored: Dated): void;
  /** True for the response that ended, and for older ones of its variant. */
  includes(resource: CacheKey, stored: Dated): boolean;
}

/** KV shows what was deleted for a minute or so; so many endings are remembered, the oldest forgotten first. */
const REMEMBERED = 10_000;

export function endedResponses(): EndedResponses {
  // by hash: keys are as long as clients like, and a collision costs a fetch
  const ended = boundedMap<string, { readonly receivedAtMs: number; readonly fence: Fence }>(REMEMBERED);
  // an index's generation is in no id: tiers may have made theirs apart from each other
  const idOf = (resource: CacheKey, { variant }: Dated): string => hash64(variantKey(resource, "", variant));
  return {
    record(resource, stored) {
      const id = idOf(resource, stored);
      const before = ended.get(id);
      const { receivedAtMs, fence } = before && isNewer(before, stored) ? before : stored;
      ended.set(id, { receivedAtMs, fence });
    },
    supersede(resource, stored) {
      if (ended.size > 0) ended.delete(idOf(resource, stored));
    },
    includes(resource, stored) {
      const end = ended.size > 0 ? ended.get(idOf(resource, stored)) : undefined;
      return end !== undefined && !isNewer(stored, end);
    },
  };
}

/** Fetched with a newer view of the purge log, or with the same and received later. */
export function isNewer(a: Omit<Dated, "variant">, b: Omit<Dated, "variant">): boolean {
  if (a.fence.incarnation === b.fence.incarnation && a.fence.seq !== b.fence.seq) return a.fence.seq > b.fence.seq;
  return a.receivedAtMs > b.receivedAtMs;
}
