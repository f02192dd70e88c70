// Owns the tiers as one: lookup from fast to slow with promotion, Vary's two steps, and storing in all of them.
import type { CacheKey } from "../http/key.ts";
import type { Stored } from "../http/stored.ts";
import { file } from "./filing.ts";
import { fileGlobally } from "./global-filing.ts";
import type { Invalidations } from "./invalidations.ts";
import type { MemoryTier } from "./memory.ts";
import type { Body, Carried, Entry, Found, KnownIndex, Lookup, Place, Stack, Tier, TierName } from "./tier.ts";
import { isSelected, mergedIndex, ownKey, selectedKey, selectingReader, selections } from "./vary-index.ts";

/** `lower`: from near to far, each already guarded. `pause`: a short and random one, taken before a write to the global tier. */
export function tierStack(
  memory: MemoryTier,
  lower: readonly Tier[],
  invalidated: Invalidations,
  maxBufferedBytes: number,
  pause: () => Promise<void>,
): Stack {
  const near = lower.filter(({ name }) => name !== "global");
  const far = lower.filter(({ name }) => name === "global");

  function admitted(global: boolean): readonly Tier[] {
    return global ? lower : near;
  }

  /** Copies what a farther tier had into the nearer ones. A stream goes to the client alone. */
  async function promote(tiers: readonly Tier[], place: Place, { stored, body }: Found): Promise<void> {
    if (body.kind === "stream" || isOvertaken(invalidated, place, stored)) return;
    const current = lookupSync(memory, place).found?.stored;
    if (current && hides(current, stored) && !hides(stored, current)) return;
    await file(tiers, memory, place, { kind: "response", stored, body }).done;
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

  async function forget(key: CacheKey): Promise<void> {
    invalidated.record(key);
    await Promise.all([memory, ...lower].map((tier) => tier.delete(key)));
  }

  return {
    maxBufferedBytes,
    maxStreamedBytes: Math.max(0, ...lower.map((tier) => tier.maxStreamedBytes ?? 0)),
    reserve: (bytes) => memory.reserve(bytes),
    lookup(place, enough, background) {
      const first = lookupSync(memory, place);
      if (first.found && enough(first.found.stored)) return first;
      return lookupLower(place, first, enough, background);
    },
    keepEncoded: (bytes, coding, form) => {
      memory.keepEncoded(bytes, coding, form);
    },
    epoch: () => invalidated.current(),
    invalidatedSince: (key, epoch) => invalidated.after(key, epoch),
    invalidate: forget,
    async drop(place, stored) {
      const { key, index } = place;
      await Promise.all([
        forget(index ? ownKey(place, index, stored) : key),
        ...(index ? far.map((tier) => dropFar(tier, place, stored)) : []),
      ]);
    },
    async store(place, stored, bytes) {
      const kept = { ...stored, bodyLength: bytes.length };
      // without a wait where there is nothing to wait for: memory has it at once
      const replaced = isReplaced(memory, lower, place);
      const isWanted = (): boolean => !isOvertaken(invalidated, place, stored);
      if ((replaced instanceof Promise ? await replaced : replaced) || !isWanted()) return;
      const entry = { kind: "response", stored: kept, body: { kind: "bytes", bytes } } as const;
      const { room, done } = file([memory, ...near], memory, place, entry);
      // what took another's room is junk until it is filled again: junk must not fill the global tier
      const global = place.global && room === "free" ? far : [];
      await Promise.all([done, ...global.map((tier) => fileGlobally(tier, place, entry, pause, isWanted))]);
    },
    async storeStream(place, stored, body) {
      if ((await isReplaced(memory, lower, place)) || isOvertaken(invalidated, place, stored)) {
        await body.stream.cancel();
        return;
      }
      // an invalidation of the key while the body came wins over it
      const whole = body.whole?.then((length) => {
        if (isOvertaken(invalidated, place, stored)) throw new Error("invalidated meanwhile");
        return length;
      });
      whole?.catch(() => undefined);
      // memory keeps no stream: its `put` drops the predecessor that would answer instead
      await file([memory, ...near], memory, place, { kind: "response", stored, body: { ...body, whole } }).done;
    },
  };
}

/** The younger counts (RFC 9111 4), before it the one fetched with the newer view of the purge log; but a part cannot stand for a whole. */
function hides(near: Stored, far: Stored): boolean {
  if (near.part && !far.part) return false;
  const isSameLog = near.fence.incarnation === far.fence.incarnation;
  if (isSameLog && near.fence.seq !== far.fence.seq) return near.fence.seq > far.fence.seq;
  return near.receivedAtMs >= far.receivedAtMs;
}

/** Whether the resource, or what is stored under this variant of it, was invalidated since the request began. */
function isOvertaken(invalidated: Invalidations, { key, request, index, epoch }: Place, stored: Stored): boolean {
  if (invalidated.after(key, epoch)) return true;
  return index !== undefined && invalidated.after(ownKey({ key, request }, index, stored), epoch);
}

/** Whether something newer than what this renews was filed meanwhile; a promise only where memory has nothing of it. */
function isReplaced(memory: MemoryTier, lower: readonly Tier[], place: Place): boolean | Promise<boolean> {
  const { renews } = place;
  if (!renews) return false;
  const asStored = { ...place, request: selectingReader(place.request, renews) };
  return isNewer(lookupSync(memory, asStored), renews) ?? isReplacedInColo(lower, asStored, renews);
}

/** The index there may be another one than here. A variant that lives within it goes with it; the next fill makes another. */
async function dropFar(tier: Tier, place: Place, stored: Stored): Promise<void> {
  const held = await tier.look?.(place.key);
  if (held?.kind !== "vary") return;
  const own = ownKey(place, held.index, stored);
  await tier.delete(held.carried?.own === own ? place.key : own);
}

async function isReplacedInColo(lower: readonly Tier[], place: Place, renews: Stored): Promise<boolean> {
  const colo = lower.find(({ name }) => name === "colo");
  if (!colo) return false;
  const lookup = await lookupIn(colo, place);
  if (lookup.found) discard(lookup.found.body);
  return isNewer(lookup, renews) ?? false;
}

/** `undefined` where nothing is there. */
function isNewer({ found, index }: Lookup, renewed: Stored): boolean | undefined {
  // an index has taken the place of what varied on nothing
  if (index && Object.keys(renewed.variant).length === 0) return true;
  return found && found.stored.receivedAtMs > renewed.receivedAtMs;
}

const ABSENT: Lookup = { found: undefined, absence: "uri-miss", index: undefined };

function lookupSync(memory: MemoryTier, place: Omit<Place, "index">): Lookup {
  const first = memory.get(place.key);
  if (first?.kind !== "vary") return asLookup(memory.name, first, place);
  let last = ABSENT;
  for (const selection of selections(place.request, first.index)) {
    const second = memory.get(selectedKey({ ...place, ...selection }, first.index));
    last = asVariant(memory.name, second, first.index, selection);
    if (last.found) break;
  }
  return last;
}

async function lookupIn(tier: Tier, place: Omit<Place, "index">): Promise<Lookup> {
  const first = await tier.get(place.key);
  if (first?.kind !== "vary") return asLookup(tier.name, first, place);
  const { carried } = first;
  const index: KnownIndex = tier.name === "global" ? { ...first.index, inGlobal: withoutBody(first) } : first.index;
  let last = ABSENT;
  for (const selection of selections(place.request, index)) {
    const key = selectedKey({ ...place, ...selection }, index);
    // the second is asked for only where the first is not there
    // oxlint-disable-next-line no-await-in-loop
    const second = carried?.own === key ? asResponse(carried) : await tier.get(key);
    last = asVariant(tier.name, second, index, selection);
    if (last.found) break;
  }
  return last;
}

/** A request that takes long must not hold on to a body that is not its own. */
function withoutBody({ kind, index, carried }: Entry & { kind: "vary" }): Required<KnownIndex>["inGlobal"] {
  return { kind, index, carried: carried && { own: carried.own, stored: carried.stored } };
}

function asResponse({ stored, body }: Carried & { readonly body: Body }): Entry {
  return { kind: "response", stored, body };
}

function asLookup(tier: TierName, entry: Entry | undefined, place: Omit<Place, "index">): Lookup {
  if (entry?.kind !== "response") return ABSENT;
  return asVariant(tier, entry, undefined, place);
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

function discard(body: Body): void {
  if (body.kind === "stream") void body.stream.cancel().catch(() => undefined);
}
