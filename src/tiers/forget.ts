// Owns making the tiers forget a resource, the near ones apart from the far one, and telling whether any tier holds it.
import type { Invalidations } from "./invalidations.ts";
import { discardFound } from "./lookup.ts";
import type { MemoryTier } from "./memory.ts";
import type { Stack, Tier } from "./tier.ts";

type Forgetting = Pick<Stack, "invalidate" | "supersede" | "dropNear" | "dropFar" | "holds">;

export function forgetting(
  memory: MemoryTier,
  near: readonly Tier[],
  far: readonly Tier[],
  invalidated: Invalidations,
): Forgetting {
  const self: Forgetting = {
    async invalidate(key, atMs) {
      self.supersede(key, atMs);
      await Promise.all([self.dropNear(key), self.dropFar(key)]);
    },
    supersede: (key, atMs) => {
      invalidated.record(key, atMs);
    },
    async dropNear(key) {
      await Promise.all([memory, ...near].map((tier) => tier.delete(key)));
    },
    async dropFar(key) {
      const done = Promise.all(far.map((tier) => tier.delete(key))).then(() => undefined);
      invalidated.deletes(key, done);
      await done;
    },
    async holds(key) {
      if (memory.get(key)) return true;
      const held = await Promise.all(near.map((tier) => tier.get(key)));
      for (const entry of held) if (entry?.kind === "response") discardFound(entry);
      if (held.some((entry) => entry !== undefined)) return true;
      if (invalidated.pendingDelete(key)) return false;
      const heads = await Promise.all(far.map((tier) => tier.head?.(key)));
      return heads.some((head) => head !== undefined && head.kind !== "nothing");
    },
  };
  return self;
}
