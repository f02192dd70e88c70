// Owns the choice of one media type for an Accept field, of those a site has (RFC 9110 12.5.1).
import { weightsOf } from "../message/weights.ts";

/**
 * The type of `types` (lower case, the site's preference first) that the field names with the highest weight; `undefined`
 * where it names none. Only an exact name without parameters counts: a browser that takes anything (any image, or any type
 * at all) has not proved that it can show AVIF.
 */
export function selectMedia(accept: string | undefined, types: readonly string[]): string | undefined {
  if (accept === undefined) return undefined;
  const weights = weightsOf(accept);
  let best: string | undefined;
  let highest = 0;
  for (const type of types) {
    const weight = weights.get(type) ?? 0;
    if (weight <= highest) continue;
    best = type;
    highest = weight;
  }
  return best;
}
