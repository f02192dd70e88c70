// Owns made-up request streams: Zipf popularity with one-hit wonders, a scan and a hot set that moves. The same seed, the same stream.
import { type CachedObject, cachedObject, type Stream, streamOf } from "./stream.ts";

export interface ZipfOptions {
  readonly alpha: number;
  readonly objects: number;
  readonly requests: number;
  /** Share of requests for something asked for once. */
  readonly wonders: number;
  /** Objects of the scan that runs in the middle, each asked for once, one after the other. */
  readonly scan: number;
  /** Whether popularity is dealt anew at half time. */
  readonly moves: boolean;
  readonly seed: number;
}

/** Of the sizes, bytes: log-normal, as those of web objects are. */
const MEDIAN_BYTES = 8192;
const SIGMA = 1.5;
const LARGEST_BYTES = 2 ** 20;

export function zipfStream(name: string, options: ZipfOptions): Stream {
  const random = generator(options.seed);
  const draw = zipf(options.alpha, options.objects, random);
  const objects: CachedObject[] = [];
  const add = (): number => {
    objects.push(cachedObject(`/object/${objects.length}`, logNormal(random), "text/html; charset=utf-8"));
    return objects.length - 1;
  };
  let byRank = shuffled(Array.from({ length: options.objects }, add), random);
  const requests: number[] = [];
  const half = Math.floor(options.requests / 2);
  for (let i = 0; i < options.requests; i++) {
    if (i === half) {
      if (options.moves) byRank = shuffled(byRank, random);
      for (let j = 0; j < options.scan; j++) requests.push(add());
    }
    requests.push(random() < options.wonders ? add() : (byRank[draw()] ?? 0));
  }
  return streamOf(name, requests, objects);
}

/** Mulberry32: numbers in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Ranks from 0, the most popular. */
function zipf(alpha: number, count: number, random: () => number): () => number {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += (rank + 1) ** -alpha;
    cumulative[rank] = sum;
  }
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulative[middle] ?? sum) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

function logNormal(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(LARGEST_BYTES, Math.round(MEDIAN_BYTES * Math.exp(SIGMA * normal)));
}

function shuffled(ids: readonly number[], random: () => number): number[] {
  const deck = [...ids];
  for (let i = deck.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [deck[i], deck[j]] = [deck[j] ?? 0, deck[i] ?? 0];
  }
  return deck;
}
