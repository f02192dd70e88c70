// Owns the lookup: from near to far, with Vary's two steps in each tier, and the choice between several finds.
import { discard } from "../base/streams.ts";
import type { Stored } from "../http/law/stored.ts";
import { isNewer } from "./ended-responses.ts";
import type { MemoryTier } from "./memory.ts";
import type { Body, CarriedResponse, Entry, Found, KnownIndex, Lookup, CacheSlot, Tier, TierName } from "./tier.ts";
import { isSelected, mergedIndex, selectedKey, selections } from "./vary-index.ts";

interface LookupOptions {
  readonly enough: (stored: Stored) => boolean;
  /** Whether a final answer has ended the response that a tier still shows. */
  readonly hasEnded: (stored: Stored) => boolean;
  /** Called with a find and the nearer tiers that lack it. */
  readonly promote: (missing: readonly Tier[], slot: CacheSlot, found: Found) => void;
}

/** The first response for which `enough` holds, else the best find. `held`: the find in memory. */
export async function lookupLower(
  tiers: readonly Tier[],
  slot: Omit<CacheSlot, "index">,
  held: Lookup,
  { enough, hasEnded, promote }: LookupOptions,
): Promise<Lookup> {
  let best = held;
  const passed: Tier[] = [];
  for (const tier of tiers) {
    // in sequence, because far tiers cost money
    // oxlint-disable-next-line no-await-in-loop
    const here = withoutEnded(await lookupIn(tier, slot), hasEnded);
    const index = mergedIndex(best.index, here.index);
    if (!here.found) {
      best = { ...best, index, absence: here.absence === "vary-miss" ? "vary-miss" : best.absence };
    } else if (best.found && hides(best.found.stored, here.found.stored)) {
      discardFound(here.found);
      best = { ...best, index };
    } else {
      discardFound(best.found);
      best = { found: here.found, absence: here.absence, index };
      promote([...passed], { ...slot, index }, here.found);
      if (enough(here.found.stored)) return best;
    }
    passed.push(tier);
  }
  return best;
}

function withoutEnded(lookup: Lookup, hasEnded: (stored: Stored) => boolean): Lookup {
  const { found } = lookup;
  if (!found || !hasEnded(found.stored)) return lookup;
  discardFound(found);
  return { ...lookup, found: undefined };
}

/** The response fetched with the newer view of the purge log counts, then the younger (RFC 9111 4). A part never stands in for a whole. */
export function hides(near: Stored, far: Stored): boolean {
  if (near.part && !far.part) return false;
  return !isNewer(far, near);
}

const ABSENT: Lookup = { found: undefined, absence: "uri-miss", index: undefined };

export function lookupSync(memory: MemoryTier, slot: Omit<CacheSlot, "index">): Lookup {
  const first = memory.get(slot.key);
  if (first?.kind !== "vary") return asLookup(memory.name, first, slot);
  let last = ABSENT;
  for (const selection of selections(slot, first.index)) {
    const second = memory.get(selectedKey({ ...slot, ...selection }, first.index));
    last = asVariant(memory.name, second, first.index, selection);
    if (last.found) break;
  }
  return last;
}

export async function lookupIn(tier: Tier, slot: Omit<CacheSlot, "index">): Promise<Lookup> {
  const first = await tier.get(slot.key);
  if (first?.kind !== "vary") return asLookup(tier.name, first, slot);
  const { carried } = first;
  const index: KnownIndex = tier.name === "global" ? { ...first.index, inGlobal: withoutBody(first) } : first.index;
  let last = ABSENT;
  for (const selection of selections(slot, index)) {
    const key = selectedKey({ ...slot, ...selection }, index);
    // the second selection is looked up only where the first found nothing
    // oxlint-disable-next-line no-await-in-loop
    const second = carried?.own === key ? asResponse(carried) : await tier.get(key);
    last = asVariant(tier.name, second, index, selection);
    if (last.found) break;
  }
  return last;
}

/** A long request must not hold on to a body that is not its own. */
function withoutBody({ kind, index, carried }: Entry & { kind: "vary" }): Required<KnownIndex>["inGlobal"] {
  return { kind, index, carried: carried && { own: carried.own, stored: carried.stored } };
}

function asResponse({ stored, body }: CarriedResponse & { readonly body: Body }): Entry {
  return { kind: "response", stored, body };
}

function asLookup(tier: TierName, entry: Entry | undefined, slot: Omit<CacheSlot, "index">): Lookup {
  if (entry?.kind !== "response") return ABSENT;
  return asVariant(tier, entry, undefined, slot);
}

function asVariant(
  tier: TierName,
  entry: Entry | undefined,
  index: KnownIndex | undefined,
  selection: Parameters<typeof isSelected>[1],
): Lookup {
  const { stored, body } = entry?.kind === "response" ? entry : { stored: undefined, body: undefined };
  if (!stored || !isSelected(stored, selection)) return { found: undefined, absence: "vary-miss", index };
  return { found: { stored, body, tier }, absence: "uri-miss", index };
}

export function discardFound(found: { readonly body: Body } | undefined): void {
  if (found?.body.kind === "stream") discard(found.body.stream);
}
