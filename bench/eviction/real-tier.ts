// Owns the memory tier itself as a policy under study: the class the worker runs, not a model of it.
import { memoryTier } from "../../src/tiers/memory.ts";
import type { MakePolicy } from "./policies.ts";

export const realTier: MakePolicy = (stream, budget) => {
  const tier = memoryTier({ bytes: budget, bodyBytes: 2 ** 20, now: () => 0 });
  return {
    name: "memoryTier (src)",
    request(id) {
      const object = stream.objects[id];
      if (!object) return false;
      if (tier.get(object.key)) return true;
      tier.put(object.key, object.entry, 3600);
      return false;
    },
  };
};
