// Owns the models of the policies compared: each is told of every request and says whether it had the object.
import type { Stream } from "./stream.ts";

export interface Policy {
  readonly name: string;
  /** Has what was asked for, or takes it in. Everything is admitted that is not larger than the whole budget. */
  request(id: number): boolean;
}

export type MakePolicy = (stream: Stream, budget: number) => Policy;

interface Held {
  readonly id: number;
  readonly weight: number;
  hits: number;
  queue: Queue | undefined;
  newer: Held | undefined;
  older: Held | undefined;
}

interface Queue {
  newest: Held | undefined;
  oldest: Held | undefined;
  hand: Held | undefined;
  bytes: number;
}

const emptyQueue = (): Queue => ({ newest: undefined, oldest: undefined, hand: undefined, bytes: 0 });

function link(queue: Queue, held: Held): void {
  held.queue = queue;
  held.newer = undefined;
  held.older = queue.newest;
  if (queue.newest) queue.newest.newer = held;
  queue.newest = held;
  queue.oldest ??= held;
  queue.bytes += held.weight;
}

function unlink(held: Held): void {
  const queue = held.queue;
  if (!queue) return;
  if (queue.hand === held) queue.hand = held.newer;
  if (held.newer) held.newer.older = held.older;
  else queue.newest = held.older;
  if (held.older) held.older.newer = held.newer;
  else queue.oldest = held.newer;
  queue.bytes -= held.weight;
  held.queue = undefined;
}

const newcomer = (id: number, weight: number): Held => ({
  id,
  weight,
  hits: 0,
  queue: undefined,
  newer: undefined,
  older: undefined,
});

interface Order {
  hit(queue: Queue, held: Held): void;
  victim(queue: Queue): Held | undefined;
}

function oneQueue(name: string, order: Order): MakePolicy {
  return (stream, budget) => {
    const held = new Map<number, Held>();
    const queue = emptyQueue();
    return {
      name,
      request(id) {
        const known = held.get(id);
        if (known) {
          order.hit(queue, known);
          return true;
        }
        const weight = stream.objects[id]?.weight ?? 0;
        if (weight > budget) return false;
        while (queue.bytes + weight > budget) {
          const victim = order.victim(queue);
          if (!victim) break;
          unlink(victim);
          held.delete(victim.id);
        }
        const fresh = newcomer(id, weight);
        link(queue, fresh);
        held.set(id, fresh);
        return false;
      },
    };
  };
}

/** The hand walks from old to new; a marked object is only unmarked. */
function sieveVictim(queue: Queue, cost: (held: Held) => number = () => Number.POSITIVE_INFINITY): Held | undefined {
  let candidate = queue.hand ?? queue.oldest;
  while (candidate && candidate.hits > 0) {
    candidate.hits = Math.max(0, candidate.hits - cost(candidate));
    candidate = candidate.newer ?? queue.oldest;
  }
  queue.hand = candidate?.newer;
  return candidate;
}

/** An object with hits goes to the new end again, with one hit less. */
function clockVictim(queue: Queue, cost: (held: Held) => number = () => 1): Held | undefined {
  while (queue.oldest && queue.oldest.hits > 0) {
    const kept = queue.oldest;
    kept.hits = Math.max(0, kept.hits - cost(kept));
    unlink(kept);
    link(queue, kept);
  }
  return queue.oldest;
}

export const fifo = oneQueue("FIFO", { hit: () => undefined, victim: (queue) => queue.oldest });

export const lru = oneQueue("LRU", {
  hit(queue, held) {
    unlink(held);
    link(queue, held);
  },
  victim: (queue) => queue.oldest,
});

export const sieve = oneQueue("SIEVE", {
  hit: (_, held) => void (held.hits = 1),
  victim: (queue) => sieveVictim(queue),
});

export interface TwoQueueOptions {
  readonly name: string;
  /** The newcomers' share of the budget. */
  readonly share: number;
  /** Hits among the newcomers that make an object stay. */
  readonly promoteAt: (weight: number, mean: number) => number;
  readonly main: "clock" | "sieve";
  /** The hits that the hand takes from an object as it passes. */
  readonly cost?: (weight: number, mean: number) => number;
  /** How many newcomers that went are remembered, in objects kept; 0 for none. */
  readonly ghosts: number;
  readonly ghostTakes?: (weight: number, mean: number) => boolean;
}

const MAX_HITS = 3;

/** S3-FIFO and its kin: newcomers wait in a small queue, and go before anything that has proved itself. */
export function twoQueues(options: TwoQueueOptions): MakePolicy {
  return (stream, budget) => {
    const held = new Map<number, Held>();
    const [small, main] = [emptyQueue(), emptyQueue()];
    const ghosts = new Set<number>();
    const share = budget * options.share;
    const mean = (): number => (small.bytes + main.bytes) / Math.max(1, held.size);

    function drop(victim: Held): void {
      unlink(victim);
      held.delete(victim.id);
    }

    function remember(id: number): void {
      if (options.ghosts === 0) return;
      ghosts.delete(id);
      ghosts.add(id);
      for (const oldest of ghosts) {
        if (ghosts.size <= held.size * options.ghosts) break;
        ghosts.delete(oldest);
      }
    }

    function evictOne(incoming: number): void {
      const oldest = small.oldest;
      if (oldest && (small.bytes + incoming > share || !main.oldest)) {
        if (oldest.hits >= options.promoteAt(oldest.weight, mean())) {
          unlink(oldest);
          oldest.hits = 0;
          link(main, oldest);
          return;
        }
        drop(oldest);
        remember(oldest.id);
        return;
      }
      const cost = options.cost ? (each: Held) => options.cost?.(each.weight, mean()) ?? 1 : undefined;
      const victim = options.main === "clock" ? clockVictim(main, cost) : sieveVictim(main, cost);
      if (victim) drop(victim);
    }

    return {
      name: options.name,
      request(id) {
        const known = held.get(id);
        if (known) {
          known.hits = Math.min(MAX_HITS, known.hits + 1);
          return true;
        }
        const weight = stream.objects[id]?.weight ?? 0;
        if (weight > budget) return false;
        const proved = ghosts.delete(id) && (options.ghostTakes?.(weight, mean()) ?? true);
        while (small.bytes + main.bytes + weight > budget) evictOne(proved ? 0 : weight);
        const fresh = newcomer(id, weight);
        link(proved ? main : small, fresh);
        held.set(id, fresh);
        return false;
      },
    };
  };
}
