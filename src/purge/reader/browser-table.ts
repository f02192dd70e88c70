// Owns the browser purges that a reader knows: the last of each host.
import type { TargetHash } from "../../http/targets/target.ts";
import type { BrowserPurge } from "../wire/records.ts";

export interface BrowserTable {
  merge(purge: BrowserPurge): void;
  /** Seconds since 1970. */
  epochOf(target: TargetHash): number | undefined;
  /** Drops purges last told at or before this number, for good. The log tells valid ones again under a later number. */
  drop(upToSeq: number): void;
  all(): readonly BrowserPurge[];
}

export function browserTable(): BrowserTable {
  const purges = new Map<TargetHash, BrowserPurge>();
  let droppedSeq = 0;
  return {
    merge(purge) {
      if (purge.seq > (purges.get(purge.target)?.seq ?? droppedSeq)) purges.set(purge.target, purge);
    },
    epochOf: (target) => purges.get(target)?.epoch,
    drop(upToSeq) {
      if (upToSeq <= droppedSeq) return;
      droppedSeq = upToSeq;
      for (const { target, seq } of purges.values()) if (seq <= upToSeq) purges.delete(target);
    },
    all: () => [...purges.values()],
  };
}
