// Owns the index of a resource that varies: its fields, its variants and their keys.
import { type CacheKey, variantKey } from "../http/key.ts";
import { variantOf } from "../http/vary.ts";
import type { Place, VaryIndex } from "./tier.ts";

/** Variants of one resource that are kept at once; beyond it the oldest goes, so that junk cannot grow without end. */
const MAX_VARIANTS = 16;
/** The key of the variant that the place's request selects. */
export function selectedKey({ key, request }: Pick<Place, "key" | "request">, index: VaryIndex): CacheKey {
  return variantKey(key, index.generation, variantOf(index.fields, request));
}

export interface Indexed {
  readonly index: VaryIndex;
  /** Where the new variant is filed. */
  readonly own: CacheKey;
  /** Variants that had to go. */
  readonly dropped: readonly CacheKey[];
}

/** The index after one more variant, which varies on `varies`. */
export function withVariant(place: Place, known: VaryIndex | undefined, varies: readonly string[]): Indexed {
  const fields = [...new Set([...varies, ...(known?.fields ?? [])])].sort();
  const generation = known?.generation ?? crypto.randomUUID();
  const own = selectedKey(place, { generation, fields, variants: [] });
  const variants = [...(known?.variants ?? []).filter((variant) => variant !== own), own];
  const dropped = variants.splice(0, Math.max(0, variants.length - MAX_VARIANTS));
  return { index: { generation, fields, variants }, own, dropped };
}

/** What two tiers know together. */
export function mergedIndex(a: VaryIndex | undefined, b: VaryIndex | undefined): VaryIndex | undefined {
  if (!a || !b) return a ?? b;
  // made apart from each other: the nearer one goes on
  if (a.generation !== b.generation) return a;
  return {
    generation: a.generation,
    fields: [...new Set([...a.fields, ...b.fields])].sort(),
    variants: [...new Set([...a.variants, ...b.variants])],
  };
}
