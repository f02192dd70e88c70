// Owns how a response is filed: under its resource's key, or under its variant's with the index renewed.
import { storageSeconds } from "../http/stored.ts";
import type { MemoryTier } from "./memory.ts";
import type { Entry, Place, Tier } from "./tier.ts";
import { mergedIndex, withVariant } from "./vary-index.ts";

/** How long the index of a resource's variants is kept, seconds; each store renews it. */
const INDEX_SECONDS = 7 * 24 * 3600;

/** Files an entry in those tiers that admit it; in memory, where it is one of them, before the first await. */
export async function file(
  candidates: readonly Tier[],
  memory: MemoryTier,
  place: Place,
  entry: Entry & { kind: "response" },
): Promise<void> {
  const tiers = candidates.filter((tier) => tier.admits(entry.stored, entry.body));
  const seconds = storageSeconds(entry.stored);
  if (Object.keys(entry.stored.variant).length === 0) {
    await Promise.all(tiers.map((tier) => tier.put(place.key, entry, seconds)));
    return;
  }
  // others may have filed variants since the lookup
  const current = memory.get(place.key);
  const known = mergedIndex(current?.kind === "vary" ? current.index : undefined, place.index);
  const indexed = withVariant(place, known, entry.stored, (variant) => memory.wasHit(variant));
  if (!indexed) {
    if (entry.body.kind === "stream") await entry.body.stream.cancel();
    return;
  }
  const { index, own, dropped } = indexed;
  const kept: Entry = { kind: "vary", index };
  await Promise.all(tiers.flatMap((tier) => [tier.put(own, entry, seconds), tier.put(place.key, kept, INDEX_SECONDS)]));
  await Promise.all(tiers.flatMap((tier) => dropped.map((variant) => tier.delete(variant))));
}
