// Owns the tiers as one: memory is asked first, and every tier stores and forgets.
import { unread } from "../base/streams.ts";
import type { Stored } from "../http/law/stored.ts";
import { drop } from "./drop.ts";
import { endedResponses, isNewer } from "./ended-responses.ts";
import { storeEntry } from "./store-entry.ts";
import { forgetting } from "./forget.ts";
import { writeToKv } from "./kv-write.ts";
import type { Invalidations } from "./invalidations.ts";
import type { MemoryTier } from "./memory.ts";
import { discardFound, hides, lookupIn, lookupLower, lookupSync } from "./lookup.ts";
import { storePart, isPartOf } from "./store-part.ts";
import type { Found, Lookup, CacheSlot, Stack, Tier } from "./tier.ts";
import { ownKey, selectingReader } from "./vary-index.ts";

/** `lower`: near to far, each guarded. `pause`: short and random, taken before a write to the global tier. */
export function tierStack(
  memory: MemoryTier,
  lower: readonly Tier[],
  invalidated: Invalidations,
  maxBufferedBytes: number,
  pause: () => Promise<void>,
): Stack {
  const near = lower.filter(({ name }) => name !== "global");
  const far = lower.filter(({ name }) => name === "global");
  const ended = endedResponses();

  /** Whether a final answer or an invalidation has ended the response that a tier still shows. */
  const hasEnded = ({ key }: Pick<CacheSlot, "key">, stored: Stored): boolean =>
    ended.includes(key, stored) || invalidated.outdates(key, stored.receivedAtMs);

  /** Copies a farther tier's find into the nearer ones. A stream goes to the client alone. */
  async function promote(tiers: readonly Tier[], slot: CacheSlot, { stored, body }: Found): Promise<void> {
    if (body.kind === "stream" || isOvertaken(invalidated, slot, stored) || hasEnded(slot, stored)) return;
    const current = lookupSync(memory, slot).found?.stored;
    if (current && hides(current, stored) && !hides(stored, current)) return;
    await storeEntry([memory, ...tiers], memory, slot, { kind: "response", stored, body }).done;
  }

  /** A late validation must not bring back a response that a final answer has ended meanwhile; a new response may come. */
  function isRenewalOfEnded({ key, renews }: CacheSlot, stored: Stored): boolean {
    if (!renews) ended.supersede(key, stored);
    return renews !== undefined && ended.includes(key, renews);
  }

  return {
    ...forgetting(memory, near, far, invalidated),
    maxBufferedBytes,
    maxStreamedBytes: Math.max(0, ...lower.map((tier) => tier.maxStreamedBytes ?? 0)),
    reserve: (bytes) => memory.reserve(bytes),
    lookup(slot, enough, background) {
      const first = lookupSync(memory, slot);
      if (first.found && enough(first.found.stored)) return first;
      // an entry that is being deleted in KV must not be found again
      const isFarUseful = slot.global && invalidated.pendingDelete(slot.key) === undefined;
      return lookupLower(isFarUseful ? lower : near, slot, first, {
        enough,
        hasEnded: (stored) => hasEnded(slot, stored),
        promote(...found) {
          noteHit(memory, ...found);
          background(promote(...found));
        },
      });
    },
    keepEncoded: (bytes, coding, form) => {
      memory.keepEncoded(bytes, coding, form);
    },
    tick: () => invalidated.current(),
    invalidatedSince: (key, tick) => invalidated.after(key, tick),
    drop(slot, stored) {
      ended.record(slot.key, stored);
      return drop({ memory, near, far: slot.global ? far : [] }, slot, stored);
    },
    async store(slot, stored, bytes) {
      const record = { ...stored, bodyLength: bytes.length };
      // no await where memory has the answer at once
      const replaced = isRenewalOfEnded(slot, stored) || isReplaced(memory, lower, slot);
      const isWanted = (): boolean => !isOvertaken(invalidated, slot, stored) && !ended.includes(slot.key, stored);
      if ((replaced instanceof Promise ? await replaced : replaced) || !isWanted()) return;
      const entry = { kind: "response", stored: record, body: { kind: "bytes", bytes } } as const;
      if (stored.part) return storePart(near, memory, slot, entry);
      const { room, done } = storeEntry([memory, ...near], memory, slot, entry);
      // an entry that displaced another is junk until it is filled again, and junk must not fill the global tier
      const global = slot.global && room === "free" ? far : [];
      const written = async (tier: Tier): Promise<void> => {
        // a pending delete would take this write with it
        await invalidated.pendingDelete(slot.key);
        await writeToKv(tier, slot, entry, pause, isWanted);
      };
      await Promise.all([done, ...global.map(written)]);
    },
    async storeStream(slot, stored, body) {
      if (
        isRenewalOfEnded(slot, stored) ||
        (await isReplaced(memory, lower, slot)) ||
        isOvertaken(invalidated, slot, stored)
      ) {
        await unread(body.stream);
        return;
      }
      const whole = body.whole?.then((length) => mustStand(invalidated, lower, slot, stored).then(() => length));
      whole?.catch(() => undefined);
      // memory keeps no stream: its `put` drops the predecessor, which would go on answering
      await storeEntry([memory, ...near], memory, slot, { kind: "response", stored, body: { ...body, whole } }).done;
    },
  };
}

/** A variant counts as hit, too, where only a farther tier holds it. */
function noteHit(memory: MemoryTier, _: readonly Tier[], slot: CacheSlot, { stored }: Found): void {
  if (slot.index) memory.hitElsewhere(ownKey(slot, slot.index, stored));
}

/** Whether the resource, or this variant of it, was invalidated since the request began. */
function isOvertaken(
  invalidated: Invalidations,
  { key, request, index, startedAt }: CacheSlot,
  stored: Stored,
): boolean {
  if (invalidated.after(key, startedAt)) return true;
  return index !== undefined && invalidated.after(ownKey({ key, request }, index, stored), startedAt);
}

/** Whether something newer than the response that this one renews was stored meanwhile; a promise only where memory does not know. */
function isReplaced(memory: MemoryTier, lower: readonly Tier[], slot: CacheSlot): boolean | Promise<boolean> {
  const { renews } = slot;
  if (!renews) return false;
  const asStored = { ...slot, request: selectingReader(slot.request, renews) };
  return isRenewed(lookupSync(memory, asStored), renews) ?? isReplacedInColo(lower, asStored, renews);
}

async function isReplacedInColo(lower: readonly Tier[], slot: CacheSlot, renews: Stored): Promise<boolean> {
  const colo = lower.find(({ name }) => name === "colo");
  if (!colo) return false;
  const lookup = await lookupIn(colo, slot);
  discardFound(lookup.found);
  return isRenewed(lookup, renews) ?? false;
}

/** An invalidation of the key wins over a body that came meanwhile, and so does a response fetched later that arrived sooner. @throws */
async function mustStand(
  invalidated: Invalidations,
  lower: readonly Tier[],
  slot: CacheSlot,
  stored: Stored,
): Promise<void> {
  if (isOvertaken(invalidated, slot, stored)) throw new Error("invalidated meanwhile");
  const colo = lower.find(({ name }) => name === "colo");
  if (!colo) return;
  const { found } = await lookupIn(colo, { ...slot, request: selectingReader(slot.request, stored) });
  discardFound(found);
  if (found && isNewer(found.stored, stored) && !isPartOf(found.stored, stored))
    throw new Error("superseded meanwhile");
}

/** `undefined` where nothing is there. */
function isRenewed({ found, index }: Lookup, renewed: Stored): boolean | undefined {
  // an index has replaced a response that varied on nothing
  if (index && Object.keys(renewed.variant).length === 0) return true;
  return found && found.stored.receivedAtMs > renewed.receivedAtMs;
}
