// Owns the memory tier: small hot bodies in the isolate's heap, bounded in bytes, evicted by SIEVE.
import type { ContentCoding } from "../http/coding.ts";
import type { CacheKey } from "../http/key.ts";
import { bytesIn, sizeOfBody, withForm, withForms } from "./forms.ts";
import type { Entry, Tier } from "./tier.ts";

export interface MemoryOptions {
  /** Budget in bytes for keys, headers and bodies together. */
  readonly bytes: number;
  /** Largest body kept, in bytes. */
  readonly bodyBytes: number;
  readonly now: () => number;
}

export interface MemoryTier extends Tier {
  get(key: CacheKey): Entry | undefined;
  put(key: CacheKey, entry: Entry, seconds: number): void;
  delete(key: CacheKey): void;
  /** Whether the entry has been asked for since it was put; `undefined` where there is none. */
  wasHit(key: CacheKey): boolean | undefined;
  /** See `Stack.keepEncoded`. */
  keepEncoded(bytes: Uint8Array, coding: ContentCoding, form: Uint8Array<ArrayBuffer> | undefined): void;
  /** Bytes in use, by the tier's own reckoning. */
  readonly usedBytes: number;
}

interface Node {
  readonly key: CacheKey;
  entry: Entry;
  bytes: number;
  readonly expiresAtMs: number;
  /** Since the hand last passed. */
  visited: boolean;
  /** Since it was put. */
  hit: boolean;
  newer: Node | undefined;
  older: Node | undefined;
}

/** What a Map slot, the node and the record's own fields take, roughly. */
const OVERHEAD_BYTES = 600;

/**
 * SIEVE (Zhang et al., NSDI 2024): a queue in order of arrival and a hand that walks from old to new; a hit only sets a
 * bit, an eviction takes the first unvisited entry from the hand on. All operations are O(1), amortised.
 */
export function memoryTier({ bytes: budget, bodyBytes, now }: MemoryOptions): MemoryTier {
  const nodes = new Map<CacheKey, Node>();
  /** A body's own bytes -> its node: who has encoded them does not know the key they are filed under. */
  const holders = new WeakMap<Uint8Array, Node>();
  let newest: Node | undefined;
  let oldest: Node | undefined;
  let hand: Node | undefined;
  let used = 0;

  function unlink(node: Node): void {
    if (hand === node) hand = node.newer;
    if (node.newer) node.newer.older = node.older;
    else newest = node.older;
    if (node.older) node.older.newer = node.newer;
    else oldest = node.newer;
    nodes.delete(node.key);
    used -= node.bytes;
  }

  function evictOne(): void {
    let candidate = hand ?? oldest;
    while (candidate?.visited) {
      candidate.visited = false;
      candidate = candidate.newer ?? oldest;
    }
    if (!candidate) return;
    hand = candidate.newer;
    unlink(candidate);
  }

  return {
    name: "memory",
    // `put` decides: an entry that does not fit must still drop its predecessor
    admits: () => true,
    get(key) {
      const node = nodes.get(key);
      if (!node) return undefined;
      if (node.expiresAtMs <= now()) {
        unlink(node);
        return undefined;
      }
      node.visited = true;
      node.hit = true;
      return node.entry;
    },
    put(key, offered, seconds) {
      const before = nodes.get(key);
      if (before) unlink(before);
      const entry = withForms(offered, before?.entry);
      const size = sizeOf(key, entry);
      const fits = entry.kind === "vary" || (entry.body.kind === "bytes" && entry.body.bytes.length <= bodyBytes);
      if (!fits || size > budget || seconds <= 0) return;
      while (used + size > budget) evictOne();
      const node = nodeOf(key, entry, size, now() + seconds * 1000, before?.visited ?? false, newest);
      if (newest) newest.newer = node;
      newest = node;
      oldest ??= node;
      nodes.set(key, node);
      const body = bytesIn(entry);
      if (body) holders.set(body.bytes, node);
      used += size;
    },
    keepEncoded(bytes, coding, form) {
      const node = holders.get(bytes);
      const entry = node && nodes.get(node.key) === node ? withForm(node.entry, coding, form) : undefined;
      const size = form?.length ?? 0;
      if (!node || !entry || node.bytes + size > budget) return;
      node.entry = entry;
      node.bytes += size;
      used += size;
      while (used > budget) evictOne();
    },
    delete(key) {
      const node = nodes.get(key);
      if (node) unlink(node);
    },
    wasHit(key) {
      const node = nodes.get(key);
      return node && node.expiresAtMs > now() ? node.hit : undefined;
    },
    get usedBytes() {
      return used;
    },
  };
}

function nodeOf(key: CacheKey, entry: Entry, bytes: number, expiresAtMs: number, visited: boolean, older?: Node): Node {
  return { key, entry, bytes, expiresAtMs, visited, hit: false, newer: undefined, older };
}

/** Strings are counted as one byte a character: header text is Latin-1 in the heap. */
function sizeOf(key: CacheKey, entry: Entry): number {
  let size = OVERHEAD_BYTES + key.length;
  if (entry.kind === "vary") {
    const { variants, languages } = entry.index;
    return [...variants, ...languages.flat()].reduce((sum, text) => sum + text.length, size);
  }
  const { stored, body } = entry;
  for (const pairs of [stored.headers, stored.edgeHeaders])
    for (const [name, value] of pairs) size += name.length + value.length + 64;
  for (const [name, value] of Object.entries(stored.variant)) size += name.length + (value?.length ?? 0) + 64;
  size += stored.targets.length * 64 + (stored.etag?.length ?? 0) + (stored.lastModified?.length ?? 0);
  return size + (body.kind === "bytes" ? sizeOfBody(body) : 0);
}
