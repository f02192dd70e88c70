// Owns whether an answer's coding is negotiated, and the encoded form of a stored body: kept from before, or made once here.
import type { ContentCoding } from "../../http/select/coding.ts";
import { isWorthIt, MIN_COMPRESSED_BYTES } from "../../http/body/compressible.ts";
import type { RequestFacts } from "../../http/message/facts.ts";
import { negotiatedCoding } from "../../http/answer/negotiated.ts";
import type { Body } from "../../tiers/tier.ts";
import type { Edge } from "../edge.ts";

/** The codings that an edge offers to one client. */
export interface Offer {
  readonly edge: Pick<Edge, "codings" | "stack">;
  /** The preferred first. */
  readonly codings: readonly ContentCoding[];
}

/**
 * The client's coding; `undefined` where every client gets the same bytes. A body that memory does not keep is not encoded: each hit
 * would encode it again. `length`: absent where unknown. `openEnded`: while the length was unknown, a client may have received an
 * encoded body, so later responses still send `Vary`.
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
