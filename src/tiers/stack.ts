// Owns the tiers as one: lookup from fast to slow with promotion, Vary's two steps, and storing in all of them.
import type { FieldReader } from "../http/fields.ts";
import type { Stored } from "../http/stored.ts";
import { matchesVariant } from "../http/vary.ts";
import { file } from "./filing.ts";
import type { Invalidations } from "./invalidations.ts";
import type { MemoryTier } from "./memory.ts";
import type { Body, Entry, Found, Lookup, Place, Stack, Tier, TierName, VaryIndex } from "./tier.ts";
import { mergedIndex, selectedKey, selections } from "./vary-index.ts";

/** `lower`: from near to far, each already guarded. */
export function tierStack(
  memory: MemoryTier,
  lower: readonly Tier[],
  invalidated: Invalidations,
  maxBufferedBytes: number,
): Stack {
  function admitted(global: boolean): readonly Tier[] {
    return global ? lower : lower.filter(({ name }) => name !== "global");
  }

  /** Copies what a farther tier had into the nearer ones. A stream goes to the client alone. */
  async function promote(tiers: readonly Tier[], place: Place, { stored, body }: Found): Promise<void> {
    if (body.kind === "stream" || invalidated.after(place.key, place.epoch)) return;
    const current = lookupSync(memory, place).found?.stored;
    if (current && hides(current, stored) && current.receivedAtMs > stored.receivedAtMs) return;
    await file(tiers, memory, place, { kind: "response", stored, body });
  }

  async function lookupLower(
    place: Omit<Place, "index">,
    held: Lookup,
    enough: (stored: Stored) => boolean,
    background: (work: Promise<void>) => void,
  ): Promise<Lookup> {
    let best = held;
    const passed: Tier[] = [memory];
    for (const tier of admitted(place.global)) {
      // one tier after the other: the far ones cost money
      // oxlint-disable-next-line no-await-in-loop
      const here = await lookupIn(tier, place);
      const index = mergedIndex(best.index, here.index);
      if (!here.found) {
        best = { ...best, index, absence: here.absence === "vary-miss" ? "vary-miss" : best.absence };
      } else if (best.found && hides(best.found.stored, here.found.stored)) {
        discard(here.found.body);
        best = { ...best, index };
      } else {
        if (best.found) discard(best.found.body);
        best = { found: here.found, absence: here.absence, index };
        background(promote([...passed], { ...place, index }, here.found));
        if (enough(here.found.stored)) return best;
      }
      passed.push(tier);
    }
    return best;
  }

  return {
    maxBufferedBytes,
    lookup(place, enough, background) {
      const first = lookupSync(memory, place);
      if (first.found && enough(first.found.stored)) return first;
      return lookupLower(place, first, enough, background);
    },
    keepEncoded: (bytes, coding, form) => {
      memory.keepEncoded(bytes, coding, form);
    },
    epoch: () => invalidated.current(),
    async invalidate(key) {
      invalidated.record(key);
      await Promise.all([memory, ...lower].map((tier) => tier.delete(key)));
    },
    async store(place, stored, bytes) {
      const kept = { ...stored, bodyLength: bytes.length };
      if (invalidated.after(place.key, place.epoch)) return;
      await file([memory, ...admitted(place.global)], memory, place, {
        kind: "response",
        stored: kept,
        body: { kind: "bytes", bytes },
      });
    },
    async storeStream(place, stored, body) {
      const colo = lower.filter(({ name }) => name === "colo");
      if (invalidated.after(place.key, place.epoch)) {
        await body.stream.cancel();
        return;
      }
      // memory keeps no stream: its `put` drops the predecessor that would answer instead
      await file([memory, ...colo], memory, place, { kind: "response", stored, body });
    },
  };
}

/** The younger counts (RFC 9111 4); but a part cannot stand for a whole. */
function hides(near: Stored, far: Stored): boolean {
  return near.receivedAtMs >= far.receivedAtMs && (!near.part || far.part !== undefined);
}

const ABSENT: Lookup = { found: undefined, absence: "uri-miss", index: undefined };

function lookupSync(memory: MemoryTier, place: Omit<Place, "index">): Lookup {
  const first = memory.get(place.key);
  if (first?.kind !== "vary") return asLookup(memory.name, first, place);
  let last = ABSENT;
  for (const request of selections(place.request, first.index)) {
    const second = memory.get(selectedKey({ ...place, request }, first.index));
    last = asVariant(memory.name, second, first.index, request);
    if (last.found) break;
  }
  return last;
}

async function lookupIn(tier: Tier, place: Omit<Place, "index">): Promise<Lookup> {
  const first = await tier.get(place.key);
  if (first?.kind !== "vary") return asLookup(tier.name, first, place);
  let last = ABSENT;
  for (const request of selections(place.request, first.index)) {
    // the second is asked for only where the first is not there
    // oxlint-disable-next-line no-await-in-loop
    const second = await tier.get(selectedKey({ ...place, request }, first.index));
    last = asVariant(tier.name, second, first.index, request);
    if (last.found) break;
  }
  return last;
}

function asLookup(tier: TierName, entry: Entry | undefined, place: Omit<Place, "index">): Lookup {
  if (entry?.kind !== "response") return ABSENT;
  return asVariant(tier, entry, undefined, place.request);
}

function asVariant(
  tier: TierName,
  entry: Entry | undefined,
  index: VaryIndex | undefined,
  request: FieldReader,
): Lookup {
  const { stored, body } = entry?.kind === "response" ? entry : { stored: undefined, body: undefined };
  if (!stored || !matchesVariant(stored.variant, request)) return { found: undefined, absence: "vary-miss", index };
  return { found: { stored, body, tier }, absence: "uri-miss", index };
}

function discard(body: Body): void {
  if (body.kind === "stream") void body.stream.cancel().catch(() => undefined);
}
