// Owns forgetting: what the tiers are made to forget of a resource, the near ones apart from the far one, and whether they hold any of it.
import type { Stored } from "../http/stored.ts";
import type { Invalidations } from "./invalidations.ts";
import { discard } from "./lookup.ts";
import type { MemoryTier } from "./memory.ts";
import type { Place, Stack, Tier } from "./tier.ts";
import { ownKey } from "./vary-index.ts";

type Forgetting = Pick<Stack, "invalidate" | "supersede" | "dropNear" | "dropFar" | "holds" | "drop">;

export function forgetting(
  memory: MemoryTier,
  near: readonly Tier[],
  far: readonly Tier[],
  invalidated: Invalidations,
): Forgetting {
  const self: Forgetting = {
    async invalidate(key) {
      self.supersede(key);
      await Promise.all([self.dropNear(key), self.dropFar(key)]);
    },
    supersede: (key) => {
      invalidated.record(key);
    },
    async dropNear(key) {
      await Promise.all([memory, ...near].map((tier) => tier.delete(key)));
    },
    async dropFar(key) {
      const done = Promise.all(far.map((tier) => tier.delete(key))).then(() => undefined);
      invalidated.leaves(key, done);
      await done;
    },
    async holds(key) {
      if (memory.get(key)) return true;
      const held = await Promise.all(near.map((tier) => tier.get(key)));
      for (const entry of held) if (entry?.kind === "response") discard(entry.body);
      if (held.some((entry) => entry !== undefined)) return true;
      if (invalidated.leaving(key)) return false;
      const glimpses = await Promise.all(far.map((tier) => tier.look?.(key)));
      return glimpses.some((glimpse) => glimpse !== undefined && glimpse.kind !== "nothing");
    },
    async drop(place, stored) {
      const { key, index } = place;
      await Promise.all([
        self.invalidate(index ? ownKey(place, index, stored) : key),
        ...(index ? far.map((tier) => dropVariant(tier, place, stored)) : []),
      ]);
    },
  };
  return self;
}

/** The index there may be another one than here. A variant that lives within it goes with it; the next fill makes another. */
async function dropVariant(tier: Tier, place: Place, stored: Stored): Promise<void> {
  const held = await tier.look?.(place.key);
  if (held?.kind !== "vary") return;
  const own = ownKey(place, held.index, stored);
  await tier.delete(held.carried?.own === own ? place.key : own);
}
