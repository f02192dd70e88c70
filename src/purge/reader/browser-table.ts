// Owns the browser purges that a reader knows: the last of each host.
import type { TargetHash } from "../../http/targets/target.ts";
import type { BrowserPurge } from "../wire/records.ts";

export type BrowserTable = Map<TargetHash, BrowserPurge>;

/** Adds purges. Drops those last told at or below the floor: the log tells valid ones again under a later number. */
export function mergeBrowsers(known: BrowserTable, purges: readonly BrowserPurge[], floorSeq: number): void {
  for (const purge of purges) if (purge.seq > (known.get(purge.target)?.seq ?? 0)) known.set(purge.target, purge);
  for (const { target, seq } of known.values()) if (seq <= floorSeq) known.delete(target);
}
