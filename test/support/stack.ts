// Owns a stack of tiers for tests, with what a place and a lookup need.
import type { Stored } from "../../src/http/law/stored.ts";
import { invalidations } from "../../src/tiers/invalidations.ts";
import { type MemoryTier, memoryTier } from "../../src/tiers/memory.ts";
import { tierStack } from "../../src/tiers/stack.ts";
import type { Lookup, CacheSlot, Stack, Tier } from "../../src/tiers/tier.ts";
import { type Clock, testClock } from "./clock.ts";
import { fieldsOf, keyOf } from "./stored.ts";

export interface TestStack {
  readonly stack: Stack;
  readonly memory: MemoryTier;
  readonly clock: Clock;
  /** A place for a request that begins now. */
  slot(path: string, fields?: Readonly<Record<string, string>>, changes?: Partial<CacheSlot>): CacheSlot;
  /** Looks up, with all promotions done. */
  lookup(slot: CacheSlot, enough?: (stored: Stored) => boolean): Promise<Lookup>;
}

export function testStack(
  lower: readonly Tier[],
  bodyBytes = 1000,
  pause: () => Promise<void> = () => Promise.resolve(),
): TestStack {
  const clock = testClock();
  const memory = memoryTier({ bytes: 2 ** 20, bodyBytes, now: clock.now });
  const stack = tierStack(memory, lower, invalidations(), bodyBytes, pause);
  return {
    stack,
    memory,
    clock,
    slot: (path, fields = {}, changes = {}) => ({
      key: keyOf(path),
      request: fieldsOf(fields),
      index: undefined,
      global: true,
      maxVariants: 16,
      startedAt: stack.tick(),
      ...changes,
    }),
    async lookup(slot, enough = () => true) {
      const work: Promise<void>[] = [];
      const found = await stack.lookup(slot, enough, (promise) => void work.push(promise));
      await Promise.all(work);
      return found;
    },
  };
}
