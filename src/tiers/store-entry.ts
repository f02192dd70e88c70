// Owns storing a response: under its resource's key, or under its variant's key with the index renewed.
import { unread } from "../base/streams.ts";
import { storageSeconds } from "../http/law/stored.ts";
import type { MemoryTier } from "./memory.ts";
import type { Entry, CacheSlot, Tier } from "./tier.ts";
import { mergedIndex, withVariant } from "./vary-index.ts";

/** Lifetime of a resource's index, seconds; each store renews it. */
export const INDEX_SECONDS = 7 * 24 * 3600;

/** "displaced": another variant was dropped for it. "refused": the resource varies on too many fields, so it is not stored. */
export type Room = "free" | "displaced" | "refused";

/** Stores an entry in the tiers that admit it; in memory, if that is one of them, before it returns. */
export function storeEntry(
  candidates: readonly Tier[],
  memory: MemoryTier,
  slot: CacheSlot,
  entry: Entry & { kind: "response" },
): { readonly room: Room; readonly done: Promise<unknown> } {
  const tiers = candidates.filter((tier) => tier.admits(entry.stored, entry.body));
  const seconds = storageSeconds(entry.stored);
  if (Object.keys(entry.stored.variant).length === 0)
    return { room: "free", done: Promise.all(tiers.map((tier) => tier.put(slot.key, entry, seconds))) };
  // other requests may have stored variants since the lookup
  const current = memory.get(slot.key);
  const known = mergedIndex(current?.kind === "vary" ? current.index : undefined, slot.index);
  const indexed = withVariant(slot, known, entry.stored, (variant) => memory.lastHit(variant));
  if (!indexed) return { room: "refused", done: refuse(entry) };
  const { index, own, dropped } = indexed;
  const indexEntry: Entry = { kind: "vary", index };
  const puts = tiers.flatMap((tier) => [tier.put(own, entry, seconds), tier.put(slot.key, indexEntry, INDEX_SECONDS)]);
  const drop = (): unknown => Promise.all(tiers.flatMap((tier) => dropped.map((variant) => tier.delete(variant))));
  return { room: dropped.length > 0 ? "displaced" : "free", done: Promise.all(puts).then(drop) };
}

async function refuse({ body }: Entry & { kind: "response" }): Promise<void> {
  if (body.kind === "stream") await unread(body.stream);
}
