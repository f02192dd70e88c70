// Owns the port to the purges an isolate knows: their verdict on a stored response, and the fence of a fetch.
import type { Location } from "../../http/message/facts.ts";
import type { PurgeState } from "../../http/law/reuse.ts";
import type { Fence, Stored } from "../../http/law/stored.ts";

/** Valid while the isolate's copy of the log is inside its bound. */
export interface KnownPurges {
  /** `location`: of the resource as it is keyed. */
  stateOf(stored: Pick<Stored, "targets" | "fence">, location: Location): PurgeState;
  /** The fence of a fetch that begins now; `undefined` before the first answer of the log. */
  fence(): Fence | undefined;
  /** When the browsers of this host were last told to drop their caches, seconds since 1970. */
  browserEpoch(host: string): number | undefined;
}
