// Owns the tiers as one: lookup from fast to slow with promotion, Vary's two steps, and storing in all of them.
import { variantKey } from "../http/key.ts";
import { storageSeconds, type Stored } from "../http/stored.ts";
import { matchesVariant, variantOf } from "../http/vary.ts";
import type { Invalidations } from "./invalidations.ts";
import type { MemoryTier } from "./memory.ts";
import type { Body, Entry, Found, Lookup, Place, Stack, Tier, TierName, VaryIndex } from "./tier.ts";

/** Variants of one resource that are kept at once; beyond it the oldest goes, so that junk cannot grow without end. */
const MAX_VARIANTS = 16;
/** How long the index of a resource's variants is kept, seconds; each store renews it. */
const INDEX_SECONDS = 7 * 24 * 3600;

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
    await file(tiers, place, { kind: "response", stored, body });
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
      } else if (best.found && best.found.stored.receivedAtMs >= here.found.stored.receivedAtMs) {
        discard(here.found.body);
        best = { ...best, index };
      } else {
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
    epoch: () => invalidated.current(),
    async invalidate(key) {
      invalidated.record(key);
      await Promise.all([memory, ...lower].map((tier) => tier.delete(key)));
    },
    async store(place, stored, bytes) {
      const kept = { ...stored, bodyLength: bytes.length };
      if (invalidated.after(place.key, place.epoch)) return;
      await file([memory, ...admitted(place.global)], place, {
        kind: "response",
        stored: kept,
        body: { kind: "bytes", bytes },
      });
    },
    async storeStream(place, stored, stream) {
      const colo = lower.filter(({ name }) => name === "colo");
      if (invalidated.after(place.key, place.epoch)) {
        await stream.cancel();
        return;
      }
      // memory keeps no stream: its `put` drops the predecessor that would answer instead
      await file([memory, ...colo], place, { kind: "response", stored, body: { kind: "stream", stream } });
    },
  };
}

/** Files an entry under the resource's key, or under its variant's with the index renewed. Synchronous for a memory tier. */
async function file(candidates: readonly Tier[], place: Place, entry: Entry & { kind: "response" }): Promise<void> {
  const tiers = candidates.filter((tier) => tier.admits(entry.stored, entry.body));
  const seconds = storageSeconds(entry.stored);
  const varies = Object.keys(entry.stored.variant);
  if (varies.length === 0) {
    await Promise.all(tiers.map((tier) => tier.put(place.key, entry, seconds)));
    return;
  }
  const fields = [...new Set([...varies, ...(place.index?.fields ?? [])])].sort();
  const generation = place.index?.generation ?? crypto.randomUUID();
  const own = variantKey(place.key, generation, variantOf(fields, place.request));
  const variants = [...(place.index?.variants ?? []).filter((variant) => variant !== own), own];
  const dropped = variants.splice(0, Math.max(0, variants.length - MAX_VARIANTS));
  const index: Entry = { kind: "vary", index: { generation, fields, variants } };
  const work = tiers.flatMap((tier) => [
    tier.put(own, entry, seconds),
    tier.put(place.key, index, INDEX_SECONDS),
    ...dropped.map((variant) => tier.delete(variant)),
  ]);
  await Promise.all(work);
}

const ABSENT: Lookup = { found: undefined, absence: "uri-miss", index: undefined };

function lookupSync(memory: MemoryTier, place: Omit<Place, "index">): Lookup {
  const first = memory.get(place.key);
  if (first?.kind !== "vary") return asLookup(memory.name, first, place);
  const second = memory.get(
    variantKey(place.key, first.index.generation, variantOf(first.index.fields, place.request)),
  );
  return asVariant(memory.name, second, first.index, place);
}

async function lookupIn(tier: Tier, place: Omit<Place, "index">): Promise<Lookup> {
  const first = await tier.get(place.key);
  if (first?.kind !== "vary") return asLookup(tier.name, first, place);
  const second = await tier.get(
    variantKey(place.key, first.index.generation, variantOf(first.index.fields, place.request)),
  );
  return asVariant(tier.name, second, first.index, place);
}

function asLookup(tier: TierName, entry: Entry | undefined, place: Omit<Place, "index">): Lookup {
  if (entry?.kind !== "response") return ABSENT;
  return asVariant(tier, entry, undefined, place);
}

function asVariant(
  tier: TierName,
  entry: Entry | undefined,
  index: VaryIndex | undefined,
  { request }: Omit<Place, "index">,
): Lookup {
  const { stored, body } = entry?.kind === "response" ? entry : { stored: undefined, body: undefined };
  if (!stored || !matchesVariant(stored.variant, request)) return { found: undefined, absence: "vary-miss", index };
  return { found: { stored, body, tier }, absence: "uri-miss", index };
}

function mergedIndex(a: VaryIndex | undefined, b: VaryIndex | undefined): VaryIndex | undefined {
  if (!a || !b) return a ?? b;
  // made apart from each other: the nearer one goes on
  if (a.generation !== b.generation) return a;
  return {
    generation: a.generation,
    fields: [...new Set([...a.fields, ...b.fields])].sort(),
    variants: [...new Set([...a.variants, ...b.variants])],
  };
}

function discard(body: Body): void {
  if (body.kind === "stream") void body.stream.cancel().catch(() => undefined);
}
