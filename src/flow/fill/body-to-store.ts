// Owns the description of a body before it arrives: its length, and where its response will be stored.
import type { Stored } from "../../http/law/stored.ts";
import type { CacheSlot, TierName } from "../../tiers/tier.ts";

/** An incomplete response as found in a tier. */
export interface FoundPart {
  readonly stored: Stored;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly tier: TierName;
}

export interface BodyToStore {
  /** Content-Length of the body, where it declared one. */
  readonly length: number | undefined;
  readonly slot: CacheSlot;
  readonly stored: Stored;
  /** A stored part that the body may be joined with. */
  readonly neighbour?: FoundPart | undefined;
  /** Whether the edge makes an entity tag from a buffered body, where the origin sent no validator. */
  readonly makesEtag: boolean;
  /** Called with a collected body once memory has it. */
  readonly whenStored?: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
}
