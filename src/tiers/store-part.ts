// Owns storing a part beside a whole that it belongs to: it neither keeps that out of the store nor replaces it.
import { remainingSeconds, type Stored } from "../http/law/stored.ts";
import { storeEntry } from "./store-entry.ts";
import { discardFound, lookupIn, lookupSync } from "./lookup.ts";
import type { MemoryTier } from "./memory.ts";
import type { Entry, Lookup, CacheSlot, Tier } from "./tier.ts";
import { selectingReader } from "./vary-index.ts";

/** A whole that was stored since the part was requested stays. The global tier takes no parts. */
export async function storePart(
  near: readonly Tier[],
  memory: MemoryTier,
  slot: CacheSlot,
  entry: Entry & { kind: "response" },
): Promise<void> {
  const { stored } = entry;
  const asStored = { ...slot, request: selectingReader(slot.request, stored) };
  if (isHeld(lookupSync(memory, asStored), stored)) return;
  // harmless beside a whole in the colo
  const { done } = storeEntry([memory], memory, slot, entry);
  const held = await Promise.all(near.map((tier) => lookupIn(tier, asStored)));
  for (const { found } of held) discardFound(found);
  const tiers = near.filter((_, index) => !isHeld(held[index], stored));
  await Promise.all([done, storeEntry(tiers, memory, slot, entry).done]);
}

/** Whether the part belongs to that whole, by its validators. */
export function isPartOf({ part, etag, lastModified }: Stored, whole: Stored): boolean {
  return part !== undefined && !whole.part && etag === whole.etag && lastModified === whole.lastModified;
}

/** Whether the lookup found a fresh whole that includes the part. */
function isHeld(lookup: Lookup | undefined, part: Stored): boolean {
  const whole = lookup?.found?.stored;
  return whole !== undefined && isPartOf(part, whole) && remainingSeconds(whole, part.receivedAtMs) > 0;
}
