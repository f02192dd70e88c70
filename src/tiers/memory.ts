// Owns the memory tier: small hot bodies in the isolate's heap, bounded in bytes. eviction.ts decides which entry leaves.
import type { ContentCoding } from "../http/select/coding.ts";
import type { CacheKey } from "../http/select/key.ts";
import { eviction, type Queued } from "./eviction.ts";
import { bytesIn, withForm, withForms } from "./encoded-forms.ts";
import { ghosts } from "./ghosts.ts";
import { reservations } from "./reservations.ts";
import type { Entry, Reservation, Tier } from "./tier.ts";
import { type HitTime, type VariantHits, variantHits } from "./variant-hits.ts";
import { weightOf } from "./weight.ts";

export interface MemoryOptions {
  /** Budget in bytes for keys, headers and bodies, pending fills included. */
  readonly bytes: number;
  /** Largest body kept, in bytes. */
  readonly bodyBytes: number;
  readonly now: () => number;
}

export interface MemoryTier extends Tier {
  get(key: CacheKey): Entry | undefined;
  put(key: CacheKey, entry: Entry, seconds: number): void;
  delete(key: CacheKey): void;
  /** Whether the entry was hit since it was put; `undefined` where there is none. */
  wasHit(key: CacheKey): boolean | undefined;
  /**
   * When a variant was last hit, in this isolate's order; 0 where it is here and never was, `undefined` where nothing is known. A
   * refill or an eviction does not change it; `delete` does.
   */
  lastHit(variant: CacheKey): HitTime | undefined;
  /** Notes a hit of the variant in a farther tier. */
  hitElsewhere(variant: CacheKey): void;
  /**
   * Reserves bytes for a fill, to be released just before the `put`, or when the fill is given up. `undefined` where pending fills
   * would take more than half of the budget: this one must not be buffered.
   */
  reserve(bytes: number): Reservation | undefined;
  /** See `Stack.keepEncoded`. */
  keepEncoded(bytes: Uint8Array, coding: ContentCoding, form: Uint8Array<ArrayBuffer> | undefined): void;
  /** Bytes in use by the tier's own count: entries and reservations. */
  readonly usedBytes: number;
}

interface Node extends Queued<Node> {
  readonly key: CacheKey;
  readonly entry: Entry;
  readonly expiresAtMs: number;
  /** Last hit since it was put; 0 for none. */
  hitAt: HitTime;
}

/** Share of the budget for pending fills: they displace hot entries and may bring cold ones. */
const RESERVED_SHARE = 0.5;
/** Bytes of budget for each ghost. */
const BYTES_PER_GHOST = 4096;

const UNLINKED = { hitAt: 0, newer: undefined, older: undefined };

export function memoryTier({ bytes, bodyBytes, now }: MemoryOptions): MemoryTier {
  const nodes = new Map<CacheKey, Node>();
  /** Body -> its node: the code that encodes a body does not know its key. */
  const holders = new WeakMap<Uint8Array, Node>();
  const ghostKeys = ghosts(bytes / BYTES_PER_GHOST);
  const budget = bytes - ghostKeys.bytes;
  const queue = eviction<Node>(budget, ghostKeys);
  const reserved = reservations(now);
  const hits = variantHits();

  function drop(node: Node): void {
    queue.remove(node);
    forgot(node);
  }

  function forgot(node: Node): void {
    nodes.delete(node.key);
    if (node.hitAt > 0 && isVariant(node.entry)) hits.note(node.key, node.hitAt);
  }

  /** Evicts until `wanted` bytes fit. `newcomers`: bytes among them of entries not yet proved. */
  function makeRoom(wanted: number, newcomers: number): void {
    while (queue.bytes() + reserved.bytes() + wanted > budget) {
      const victim = queue.evict(reserved.bytes() + newcomers);
      if (!victim) return;
      forgot(victim);
    }
  }

  /** The only place where the queue grows. Drop a queued node before. False where the node cannot fit. */
  function admit(node: Node): boolean {
    if (node.weight + reserved.bytes() > budget) return false;
    makeRoom(node.weight, node.proved ? 0 : node.weight);
    queue.add(node);
    nodes.set(node.key, node);
    const body = bytesIn(node.entry);
    if (body) holders.set(body.bytes, node);
    return true;
  }

  return {
    name: "memory",
    // `put` decides, because an entry that does not fit must still replace its predecessor
    admits: () => true,
    get(key) {
      const node = nodes.get(key);
      if (!node) return undefined;
      node.hitAt = hits.next();
      if (node.expiresAtMs <= now()) {
        drop(node);
        return undefined;
      }
      queue.hit(node);
      return node.entry;
    },
    put(key, offered, seconds) {
      const before = nodes.get(key);
      if (before) drop(before);
      const entry = withForms(offered, before?.entry);
      const fits = entry.kind === "vary" || (entry.body.kind === "bytes" && entry.body.bytes.length <= bodyBytes);
      if (!fits || seconds <= 0) return;
      const weight = weightOf(key, entry);
      // a replacement inherits its predecessor's standing
      const proved = before?.proved ?? queue.proves(key, weight);
      admit({ ...UNLINKED, key, entry, weight, expiresAtMs: now() + seconds * 1000, hits: before?.hits ?? 0, proved });
    },
    keepEncoded(plain, coding, form) {
      const node = holders.get(plain);
      const entry = node && nodes.get(node.key) === node ? withForm(node.entry, coding, form) : undefined;
      const weight = node && entry ? weightOf(node.key, entry) : 0;
      if (!node || !entry || weight + reserved.bytes() > budget) return;
      drop(node);
      admit({ ...node, ...UNLINKED, hitAt: node.hitAt, entry, weight });
    },
    delete(key) {
      const node = nodes.get(key);
      if (node) drop(node);
      hits.forget(key);
    },
    ...recency(nodes, hits, now),
    reserve(wanted) {
      if (reserved.bytes() + wanted > budget * RESERVED_SHARE) return undefined;
      makeRoom(wanted, wanted);
      return reserved.take(wanted);
    },
    get usedBytes() {
      return queue.bytes() + reserved.bytes();
    },
  };
}

/** When entries were last hit. */
function recency(
  nodes: ReadonlyMap<CacheKey, Node>,
  hits: VariantHits,
  now: () => number,
): Pick<MemoryTier, "wasHit" | "lastHit" | "hitElsewhere"> {
  return {
    wasHit(key) {
      const node = nodes.get(key);
      return node && node.expiresAtMs > now() ? node.hitAt > 0 : undefined;
    },
    lastHit(variant) {
      const before = hits.last(variant);
      const node = nodes.get(variant);
      return node ? Math.max(node.hitAt, before ?? 0) : before;
    },
    hitElsewhere(variant) {
      hits.note(variant, hits.next());
    },
  };
}

function isVariant(entry: Entry): boolean {
  return entry.kind === "response" && Object.keys(entry.stored.variant).length > 0;
}
