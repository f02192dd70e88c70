// Owns the choice of one content coding for an Accept-Encoding field, from a closed set (RFC 9110 12.5.3).
import { weightsOf } from "../message/weights.ts";

export const CONTENT_CODINGS = ["br", "zstd", "gzip"] as const;

export type ContentCoding = (typeof CONTENT_CODINGS)[number];

/**
 * The coding of `preferred` that the field accepts with the highest weight, the first of equals; `identity` where it accepts
 * none, prefers identity, or is absent: a client without the field seldom decodes anything.
 */
export function selectCoding(
  acceptEncoding: string | undefined,
  preferred: readonly ContentCoding[],
): ContentCoding | "identity" {
  if (acceptEncoding === undefined) return "identity";
  const weights = knownWeights(acceptEncoding);
  const least = weights.get("identity") ?? 0;
  let best: ContentCoding | "identity" = "identity";
  let highest = 0;
  for (const coding of preferred) {
    const weight = weightOf(coding, weights);
    if (weight < least || weight <= highest) continue;
    best = coding;
    highest = weight;
  }
  return best;
}

/** Browsers send few spellings, and each hit asks again. */
const MAX_KNOWN = 64;
const known = new Map<string, ReadonlyMap<string, number>>();

function knownWeights(acceptEncoding: string): ReadonlyMap<string, number> {
  const before = known.get(acceptEncoding);
  if (before) return before;
  const weights = weightsOf(acceptEncoding);
  if (known.size >= MAX_KNOWN) known.clear();
  // no browser sends a long one
  if (acceptEncoding.length <= 200) known.set(acceptEncoding, weights);
  return weights;
}

/** `x-gzip` is another name of gzip (8.4.1.3); `*` stands for codings that the field does not name. */
function weightOf(coding: ContentCoding, weights: ReadonlyMap<string, number>): number {
  const named = weights.get(coding);
  const alias = coding === "gzip" ? weights.get("x-gzip") : undefined;
  if (named !== undefined && alias !== undefined) return Math.max(named, alias);
  return named ?? alias ?? weights.get("*") ?? 0;
}
