// Owns writing a response to the global tier: at most one write for each fill, and none where another edge was as quick.
import type { CacheKey } from "../http/select/key.ts";
import { type Stored, storageSeconds } from "../http/law/stored.ts";
import { INDEX_SECONDS } from "./store-entry.ts";
import type { Entry, EntryHead, CacheSlot, Tier, VaryIndex } from "./tier.ts";
import { isIndexed, extended, ownKey } from "./vary-index.ts";

type ResponseEntry = Entry & { readonly kind: "response" };
type Index = EntryHead & { readonly kind: "vary" };

interface Write {
  readonly key: CacheKey;
  readonly entry: Entry;
  readonly seconds: number;
}

/** `pause`: decides which of the edges that miss at the same time writes. `isWanted`: asked again just before the write. */
export async function writeToKv(
  tier: Tier,
  slot: CacheSlot,
  entry: ResponseEntry,
  pause: () => Promise<void>,
  isWanted: () => boolean,
): Promise<void> {
  if (!tier.admits(entry.stored, entry.body)) return;
  if (!slot.sole) await pause();
  if (!isWanted()) return;
  const write = await writeOf(tier, slot, entry);
  if (write && isWanted()) await tier.put(write.key, write.entry, write.seconds);
}

/** `undefined` where the tier's entry is as new, or the tier does not say. */
function writeOf(tier: Tier, slot: CacheSlot, entry: ResponseEntry): Promise<Write | undefined> {
  const { stored } = entry;
  const inGlobal = slot.index?.inGlobal;
  const varies = Object.keys(stored.variant).length > 0;
  if (varies && inGlobal && hasOwnEntry(inGlobal, slot, stored)) return atVariant(tier, slot, entry, inGlobal);
  return atResource(tier, slot, entry, varies);
}

/** Under the resource's key: the response itself, or an index that carries it. */
async function atResource(
  tier: Tier,
  slot: CacheSlot,
  entry: ResponseEntry,
  varies: boolean,
): Promise<Write | undefined> {
  const { stored, body } = entry;
  const { key } = slot;
  const seconds = storageSeconds(stored);
  if (!varies) {
    const held = await headUnlessSole(tier, slot, key);
    if (held.kind === "unknown" || (held.kind === "response" && isAsNew(held.stored, stored))) return undefined;
    return { key, entry, seconds };
  }
  // only an index that was read may be written over; the holder of a lease fills alone, but others may have invalidated meanwhile
  const held = await headOf(tier, key);
  if (held.kind === "unknown") return undefined;
  const known = held.kind === "vary" ? held : undefined;
  if (known && hasOwnEntry(known, slot, stored)) return atVariant(tier, slot, entry, known);
  // keep an index that another edge made, or made anew after an invalidation: ours could lead to variants that it dropped
  const index =
    known && isIndexed(known.index, stored) ? known.index : withoutVariants(extended(slot, known?.index, stored));
  if (!index) return undefined;
  const own = ownKey(slot, index, stored);
  const { carried } = known ?? {};
  if (!slot.sole && carried?.own === own && isAsNew(carried.stored, stored)) return undefined;
  return {
    key,
    entry: { kind: "vary", index, carried: { own, stored, body } },
    seconds: Math.max(seconds, INDEX_SECONDS),
  };
}

/** In this tier each variant expires by itself. */
function withoutVariants(index: VaryIndex | undefined): VaryIndex | undefined {
  return index && { ...index, variants: [] };
}

/** Under the variant's own key; the index stays. */
async function atVariant(
  tier: Tier,
  slot: CacheSlot,
  entry: ResponseEntry,
  { index }: Index,
): Promise<Write | undefined> {
  const key = ownKey(slot, index, entry.stored);
  const held = await headUnlessSole(tier, slot, key);
  if (held.kind === "unknown" || (held.kind === "response" && isAsNew(held.stored, entry.stored))) return undefined;
  return { key, entry, seconds: storageSeconds(entry.stored) };
}

function hasOwnEntry({ index, carried }: Index, slot: CacheSlot, stored: Stored): boolean {
  return isIndexed(index, stored) && carried?.own !== ownKey(slot, index, stored);
}

async function headUnlessSole(tier: Tier, slot: CacheSlot, key: CacheKey): Promise<EntryHead> {
  return slot.sole ? NOTHING : headOf(tier, key);
}

async function headOf(tier: Tier, key: CacheKey): Promise<EntryHead> {
  return tier.head ? tier.head(key) : NOTHING;
}

const NOTHING: EntryHead = { kind: "nothing" };

/** Whether `held` was fetched with no older view of the purge log and received later, or is the same response and hardly older. */
function isAsNew(held: Stored, stored: Stored): boolean {
  if (held.fence.incarnation !== stored.fence.incarnation || held.fence.seq < stored.fence.seq) return false;
  // the same response, but a later purge demands validation
  if (stored.alwaysValidate && !held.alwaysValidate && held.receivedAtMs === stored.receivedAtMs) return false;
  if (held.receivedAtMs >= stored.receivedAtMs) return true;
  const apartMs = Math.abs(expiresAtMs(stored) - expiresAtMs(held));
  return apartMs <= stored.lifetimeSeconds * 1000 * HARDLY_OLDER && hasTag(stored) && gist(held) === gist(stored);
}

/** In lifetimes: a client that reloads must not cause a write each time. */
const HARDLY_OLDER = 0.1;

function expiresAtMs({ receivedAtMs, lifetimeSeconds, initialAgeSeconds }: Stored): number {
  return receivedAtMs + (lifetimeSeconds - initialAgeSeconds) * 1000;
}

function hasTag({ etag, shownEtag, lastModified }: Stored): boolean {
  return (etag ?? shownEtag ?? lastModified) !== undefined;
}

/** Everything that lookups, purges and verdicts depend on, except times. */
function gist(stored: Stored): string {
  const { etag, shownEtag, lastModified, bodyLength, status, variant, targets } = stored;
  const { staleWhileRevalidateSeconds, staleIfErrorSeconds, staleAllowed } = stored;
  const { alwaysValidate, forAuthorization, forSession } = stored;
  return JSON.stringify([
    [etag, shownEtag, lastModified, bodyLength, status],
    [staleWhileRevalidateSeconds, staleIfErrorSeconds, staleAllowed, alwaysValidate, forAuthorization, forSession],
    [Object.entries(variant).map(String).toSorted(), targets.toSorted()],
  ]);
}
