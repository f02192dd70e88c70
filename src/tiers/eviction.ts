// Owns which entry leaves a full memory: S3-FIFO (Yang et al., SOSP 2023), in which a large entry needs more hits to stay. Knows no HTTP.
import type { Ghosts } from "./ghosts.ts";

export interface Queued<N> {
  readonly key: string;
  /** Bytes. Constant while it is queued. */
  weight: number;
  /** Hits not yet spent on staying, up to `MAX_HITS`. */
  hits: number;
  proved: boolean;
  newer: N | undefined;
  older: N | undefined;
}

export interface Eviction<N> {
  /** Bytes of all queued entries. */
  bytes(): number;
  /** Adds the node as the newest of its queue. */
  add(node: N): void;
  remove(node: N): void;
  hit(node: N): void;
  /** Whether a newcomer of that weight goes straight to the main queue: it was here lately, and is not large. */
  proves(key: string, weight: number): boolean;
  /** Removes and returns the next entry to go. `awaited`: bytes of newcomers to come. */
  evict(awaited: number): N | undefined;
}

interface Queue<N> {
  newest: N | undefined;
  oldest: N | undefined;
  bytes: number;
  count: number;
}

function push<N extends Queued<N>>(queue: Queue<N>, node: N): void {
  node.older = queue.newest;
  if (queue.newest) queue.newest.newer = node;
  queue.newest = node;
  queue.oldest ??= node;
  queue.bytes += node.weight;
  queue.count += 1;
}

function pull<N extends Queued<N>>(queue: Queue<N>, node: N): void {
  if (node.newer) node.newer.older = node.older;
  else queue.newest = node.older;
  if (node.older) node.older.newer = node.newer;
  else queue.oldest = node.newer;
  node.newer = undefined;
  node.older = undefined;
  queue.bytes -= node.weight;
  queue.count -= 1;
}

/** Share of the budget for newcomers, which go first unless they were hit. */
const PROBATION_SHARE = 0.1;
const MAX_HITS = 3;
/** In mean weights: up to this one hit is enough to stay, up to twice this it takes two. */
const WEIGHT_PER_HIT = 8;
/** In mean weights: a larger entry stays only for hits while it is here, not for having been here before. */
const RETURNING_WEIGHT = 2;

/**
 * Newcomers wait in a small queue and go before proved entries. Newcomers that are hit move to the main queue, and so do entries that
 * come back soon after they went. All operations are O(1), amortised: an entry that is passed over pays with a hit.
 */
export function eviction<N extends Queued<N>>(budget: number, ghostKeys: Ghosts): Eviction<N> {
  const probation: Queue<N> = { newest: undefined, oldest: undefined, bytes: 0, count: 0 };
  const main: Queue<N> = { newest: undefined, oldest: undefined, bytes: 0, count: 0 };
  const queueOf = (node: N): Queue<N> => (node.proved ? main : probation);
  const bytes = (): number => probation.bytes + main.bytes;
  const count = (): number => probation.count + main.count;
  /** In mean weights. */
  const size = (weight: number): number => (weight * count()) / bytes();

  /** Newcomers with enough hits move to the main queue on the way. */
  function leaveProbation(awaited: number): N | undefined {
    for (;;) {
      const oldest = probation.oldest;
      if (!oldest || (main.oldest && probation.bytes + awaited <= budget * PROBATION_SHARE)) return undefined;
      const proved = oldest.hits >= Math.min(MAX_HITS, Math.ceil(size(oldest.weight) / WEIGHT_PER_HIT));
      pull(probation, oldest);
      if (!proved) {
        ghostKeys.remember(oldest.key);
        return oldest;
      }
      oldest.hits = 0;
      oldest.proved = true;
      push(main, oldest);
    }
  }

  function leaveMain(): N | undefined {
    for (;;) {
      const oldest = main.oldest;
      if (!oldest) return undefined;
      pull(main, oldest);
      if (oldest.hits === 0) return oldest;
      oldest.hits -= 1;
      push(main, oldest);
    }
  }

  return {
    bytes,
    add: (node) => push(queueOf(node), node),
    remove: (node) => pull(queueOf(node), node),
    hit(node) {
      if (node.hits < MAX_HITS) node.hits += 1;
    },
    proves: (key, weight) => ghostKeys.take(key, count()) && size(weight) <= RETURNING_WEIGHT,
    evict: (awaited) => leaveProbation(awaited) ?? leaveMain(),
  };
}
