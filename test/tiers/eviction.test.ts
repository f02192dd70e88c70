// Owns the proof that eviction is what it says: the same victims as a naive model that counts everything anew each time.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eviction, type Queued } from "../../src/tiers/eviction.ts";
import type { Ghosts } from "../../src/tiers/ghosts.ts";

interface Node extends Queued<Node> {
  readonly key: string;
}

const BUDGET = 1000;

const nodeOf = (key: string, weight: number, proved: boolean): Node => ({
  key,
  weight,
  hits: 0,
  proved,
  newer: undefined,
  older: undefined,
});

/** Remembers exactly. */
function exactGhosts(): Ghosts {
  const order: string[] = [];
  return {
    bytes: 0,
    remember: (key) => void order.push(key),
    take(key, reach) {
      const since = order.lastIndexOf(key);
      return since >= 0 && order.length - since <= reach;
    },
  };
}

type Plain = Pick<Node, "key" | "weight" | "hits" | "proved">;

/** Oldest first; the arrays are the queues. */
function naive(gone: Ghosts) {
  const newcomers: Plain[] = [];
  const proved: Plain[] = [];
  const sum = (list: readonly Plain[]): number => list.reduce((total, { weight }) => total + weight, 0);
  const mean = (): number => sum([...newcomers, ...proved]) / (newcomers.length + proved.length);
  const all = (): Plain[] => [...newcomers, ...proved];
  return {
    all,
    bytes: () => sum(all()),
    add: (node: Plain) => void (node.proved ? proved : newcomers).push(node),
    remove(key: string) {
      for (const list of [newcomers, proved]) {
        const at = list.findIndex((each) => each.key === key);
        if (at >= 0) list.splice(at, 1);
      }
    },
    hit(key: string) {
      for (const each of all()) if (each.key === key) each.hits = Math.min(3, each.hits + 1);
    },
    proves: (key: string, weight: number) => {
      const known = gone.take(key, all().length);
      return known && weight <= 2 * mean();
    },
    evict(awaited: number): string | undefined {
      while (newcomers.length > 0 && (proved.length === 0 || sum(newcomers) + awaited > BUDGET / 10)) {
        const wanted = Math.min(3, Math.ceil(Number(((newcomers[0]?.weight ?? 0) / (8 * mean())).toFixed(9))));
        const oldest = newcomers.shift();
        if (!oldest) break;
        if (oldest.hits < wanted) {
          gone.remember(oldest.key);
          return oldest.key;
        }
        proved.push({ ...oldest, hits: 0, proved: true });
      }
      for (;;) {
        const oldest = proved.shift();
        if (!oldest || oldest.hits === 0) return oldest?.key;
        proved.push({ ...oldest, hits: oldest.hits - 1 });
      }
    },
  };
}

type Step =
  | { readonly kind: "ask"; readonly key: number; readonly weight: number }
  | { readonly kind: "remove"; readonly key: number }
  | { readonly kind: "evict"; readonly awaited: number };

const key = fc.integer({ min: 0, max: 30 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      key,
      weight: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 5, max: 40 }) }, fc.integer({ min: 41, max: 700 })),
    }),
  },
  fc.record({ kind: fc.constant("remove" as const), key }),
  fc.record({ kind: fc.constant("evict" as const), awaited: fc.integer({ min: 0, max: 300 }) }),
);

describe("eviction", () => {
  it("lets the same go as a naive model", () => {
    let [evicted, returned] = [0, 0];
    fc.assert(
      fc.property(fc.array(step, { maxLength: 250, size: "max" }), (steps) => {
        const nodes = new Map<string, Node>();
        const real = eviction<Node>(BUDGET, exactGhosts());
        const model = naive(exactGhosts());
        const evict = (awaited: number): void => {
          const victim = real.evict(awaited);
          expect(victim?.key).toBe(model.evict(awaited));
          if (victim) nodes.delete(victim.key);
          evicted += 1;
        };
        for (const s of steps) {
          if (s.kind === "evict") {
            evict(s.awaited);
            continue;
          }
          const k = String(s.key);
          const known = nodes.get(k);
          if (s.kind === "remove") {
            if (known) real.remove(known);
            nodes.delete(k);
            model.remove(k);
          } else if (known) {
            real.hit(known);
            model.hit(k);
          } else {
            const proved = real.proves(k, s.weight);
            expect(proved).toBe(model.proves(k, s.weight));
            if (proved) returned += 1;
            while (real.bytes() + s.weight > BUDGET) evict(proved ? 0 : s.weight);
            const node = nodeOf(k, s.weight, proved);
            real.add(node);
            nodes.set(k, node);
            model.add({ key: k, weight: s.weight, hits: 0, proved });
          }
          expect(real.bytes()).toBe(model.bytes());
          expect(nodes.size).toBe(model.all().length);
        }
      }),
      { numRuns: 50, seed: 11 },
    );
    // it was put to the test
    expect(evicted).toBeGreaterThan(500);
    expect(returned).toBeGreaterThan(20);
  });

  it("gives nothing where nothing is", () => {
    const queue = eviction<Node>(BUDGET, exactGhosts());
    expect(queue.evict(0)).toBeUndefined();
    expect(queue.bytes()).toBe(0);
  });

  it("takes what was proved only above its nine tenths", () => {
    const queue = eviction<Node>(BUDGET, exactGhosts());
    for (let i = 0; i < 90; i++) queue.add(nodeOf(`proved-${String(i)}`, 10, true));
    for (let i = 0; i < 10; i++) queue.add(nodeOf(`new-${String(i)}`, 10, false));
    const victims = Array.from({ length: 10 }, () => queue.evict(100)?.key);
    expect(victims).toEqual(Array.from({ length: 10 }, (_, i) => `new-${String(i)}`));
    expect(queue.evict(100)?.key).toBe("proved-0");
  });

  it("asks more hits of what takes the room of many", () => {
    const stays = (weight: number, hits: number): boolean => {
      const queue = eviction<Node>(BUDGET, exactGhosts());
      const large = nodeOf("large", weight, false);
      queue.add(large);
      for (let i = 0; i < 80; i++) queue.add(nodeOf(`proved-${String(i)}`, 10, true));
      for (let i = 0; i < hits; i++) queue.hit(large);
      return queue.evict(BUDGET)?.key !== "large";
    };
    const needed = [50, 80, 150, 500].map((weight) => [0, 1, 2, 3].find((hits) => stays(weight, hits)));
    expect(needed).toEqual([1, 1, 2, 3]);
  });
});
