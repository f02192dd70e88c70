// Owns what is known of a body before it comes: how long it will be, and where its response is to be filed.
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
  /** A stored part that what comes may be joined with. */
  readonly neighbour?: FoundPart | undefined;
  /** Whether a body that is buffered gives its response an entity tag, where the origin sent no validator. */
  readonly makesEtag: boolean;
  /** Called with a whole body that is collected, when memory has it. */
  readonly whenStored?: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
}
