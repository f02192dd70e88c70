// Owns the memory of stored responses that a final answer ended. A copy that a tier still shows does not answer, and no pending store brings one back.
import { boundedMap } from "../base/bounded-map.ts";
import { hash64 } from "../http/message/hash.ts";
import { type CacheKey, variantKey } from "../http/select/key.ts";
import type { Fence, Stored } from "../http/law/stored.ts";

/** The parts of a stored response that tell which of two is newer. */
type Dated = Pick<Stored, "receivedAtMs" | "fence" | "variant">;

export interface EndedResponses {
  record(resource: CacheKey, stored: Dated): void;
  /** A new response of the variant was fetched: it counts from here on, however soon after the old one it came. */
  supersede(resource: CacheKey, stored: Dated): void;
  /** True for the response that ended, and for older ones of its variant. */
  includes(resource: CacheKey, stored: Dated): boolean;
}

/** KV shows deleted entries for a minute or so; this many endings are remembered, and the oldest is forgotten first. */
const REMEMBERED = 10_000;

export function endedResponses(): EndedResponses {
  // by hash: clients choose how long keys are, and a collision costs one fetch
  const ended = boundedMap<string, { readonly receivedAtMs: number; readonly fence: Fence }>(REMEMBERED);
  // the id leaves out the index's generation, which may differ from tier to tier
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

/** Fetched with a newer view of the purge log, or with the same view and received later. */
export function isNewer(a: Omit<Dated, "variant">, b: Omit<Dated, "variant">): boolean {
  if (a.fence.incarnation === b.fence.incarnation && a.fence.seq !== b.fence.seq) return a.fence.seq > b.fence.seq;
  return a.receivedAtMs > b.receivedAtMs;
}
