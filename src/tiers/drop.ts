// Owns dropping one stored response from all tiers. Anything newer in its place stays.
import type { CacheKey } from "../http/select/key.ts";
import type { Stored } from "../http/law/stored.ts";
import { isNewer } from "./ended-responses.ts";
import { discardFound } from "./lookup.ts";
import type { MemoryTier } from "./memory.ts";
import type { KnownHead, CacheSlot, Tier } from "./tier.ts";
import { ownKey } from "./vary-index.ts";

interface Tiers {
  readonly memory: MemoryTier;
  readonly near: readonly Tier[];
  readonly far: readonly Tier[];
}

/** Memory drops it before this returns, so that the next lookup does not find it. */
export async function drop({ memory, near, far }: Tiers, slot: CacheSlot, stored: Stored): Promise<void> {
  const own = slot.index ? ownKey(slot, slot.index, stored) : slot.key;
  const here = memory.get(own);
  if (here && isPast(here, stored)) return;
  memory.delete(own);
  await Promise.all([
    ...near.map((tier) => dropNear(tier, own, stored)),
    ...far.map((tier) => dropFar(tier, slot, stored)),
  ]);
}

/** Whether the entry in a tier came after `stored`. An index did, where `stored` varied on nothing. */
function isPast(held: KnownHead, stored: Stored): boolean {
  return held.kind === "vary" ? Object.keys(stored.variant).length === 0 : isLater(held.stored, stored);
}

/** Received in the same millisecond, a response that differs came after. */
function isLater(held: Stored, stored: Stored): boolean {
  if (held.receivedAtMs !== stored.receivedAtMs) return isNewer(held, stored);
  const { bodyLength = stored.bodyLength } = held;
  return (
    held.etag !== stored.etag ||
    held.lastModified !== stored.lastModified ||
    bodyLength !== (stored.bodyLength ?? bodyLength)
  );
}

async function dropNear(tier: Tier, own: CacheKey, stored: Stored): Promise<void> {
  const held = await tier.get(own);
  if (held?.kind === "response") discardFound(held);
  if (!held || !isPast(held, stored)) await tier.delete(own);
}

/** The far index may differ from the one here. A variant carried in the index goes with it; the next fill makes another index. */
async function dropFar(tier: Tier, slot: CacheSlot, stored: Stored): Promise<void> {
  const held = await tier.head?.(slot.key);
  if (held?.kind === "response" && !isPast(held, stored)) {
    await tier.delete(slot.key);
    return;
  }
  if (held?.kind !== "vary" || isPast(held, stored)) return;
  const own = ownKey(slot, held.index, stored);
  const { carried } = held;
  if (carried?.own === own) {
    if (!isLater(carried.stored, stored)) await tier.delete(slot.key);
    return;
  }
  const apart = await tier.head?.(own);
  if (apart?.kind === "response" && !isLater(apart.stored, stored)) await tier.delete(own);
}
