// Owns colo tiers over the runtime's own Cache API, each with a cache of its own.
import { coloTier } from "../../src/tiers/colo.ts";
import type { Tier } from "../../src/tiers/tier.ts";

const MB = 2 ** 20;
let counter = 0;

/** Hands out bodies over 1 MB as streams. */
export function realColo(): Tier {
  counter += 1;
  const name = `real-colo-${String(counter)}`;
  return coloTier(() => caches.open(name), MB);
}
