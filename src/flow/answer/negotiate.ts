// Owns whether an answer is negotiated, and the encoded form of what is held: kept, or made here once.
import type { ContentCoding } from "../../http/select/coding.ts";
import { isWorthIt, MIN_COMPRESSED_BYTES } from "../../http/body/compressible.ts";
import type { RequestFacts } from "../../http/message/facts.ts";
import { negotiatedCoding } from "../../http/answer/negotiated.ts";
import type { Body } from "../../tiers/tier.ts";
import type { Edge } from "../edge.ts";

/** What an edge offers to one client. */
export interface Offer {
  readonly edge: Pick<Edge, "codings" | "stack">;
  /** The preferred first. */
  readonly codings: readonly ContentCoding[];
}

/**
 * What the client is to get; `undefined` where every client gets the same bytes. What memory does not keep is not encoded either:
 * that would have to be done for each hit. `length`: where unknown, what comes may be small enough, and who asks when it is known
 (`openEnded`) hears that others may have had other bytes.
 */
export function negotiate(
  { edge, codings }: Offer,
  facts: RequestFacts,
  compressible: boolean | undefined,
  length: number | undefined,
  openEnded = false,
): ContentCoding | "identity" | undefined {
  if (!compressible || codings.length === 0) return undefined;
  if (length !== undefined && (length < MIN_COMPRESSED_BYTES || length > edge.stack.maxBufferedBytes))
    return openEnded ? "identity" : undefined;
  return negotiatedCoding(facts, codings);
}

/** `undefined` where the plain bytes are better. */
export function encodedForm(
  { edge }: Offer,
  { bytes, encoded }: Body & { readonly kind: "bytes" },
  coding: ContentCoding,
): Uint8Array<ArrayBuffer> | undefined {
  const known = encoded?.[coding];
  if (known !== undefined) return known === "plain" ? undefined : known;
  const made = edge.codings.encode(bytes, coding);
  const form = isWorthIt(made.length, bytes.length) ? made : undefined;
  edge.stack.keepEncoded(bytes, coding, form);
  return form;
}
