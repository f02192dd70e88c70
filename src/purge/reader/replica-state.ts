// Owns an isolate's knowledge of the purge log. It only grows, by maximum; the replica owns its age.
import { targetHash } from "../../http/targets/target.ts";
import { type BrowserTable, mergeBrowsers } from "./browser-table.ts";
import type { KnownPurges } from "./known-purges.ts";
import { type KnownLog, purgeState } from "./match.ts";
import { type RecordTable, recordTable } from "./record-table.ts";
import { type Cursor, type Delta, type Floor, NO_FLOOR } from "../wire/records.ts";
import { laterFloor, suffices } from "../wire/delta-merge.ts";

const ALL_BROWSERS = targetHash({ kind: "browsers", value: "" });

export interface ReplicaState extends KnownPurges {
  /** False where the delta leaves a gap: then nothing of it is taken in. */
  learn(delta: Delta): boolean;
  cursor(): Cursor | undefined;
}

export function replicaState(random: () => number): ReplicaState {
  let at: Cursor | undefined;
  let floor: Floor = NO_FLOOR;
  let table: RecordTable = recordTable(random);
  let browsers: BrowserTable = new Map();
  const known: KnownLog = {
    get incarnation() {
      return at?.incarnation ?? "";
    },
    get seq() {
      return at?.seq ?? 0;
    },
    get floor() {
      return floor;
    },
    marksOf: (target) => table.marksOf(target),
    prefixLengths: () => table.prefixLengths(),
  };

  return {
    learn(delta) {
      if (!suffices(delta, at)) return false;
      if (delta.incarnation !== at?.incarnation) {
        floor = NO_FLOOR;
        table = recordTable(random);
        browsers = new Map();
        at = { incarnation: delta.incarnation, seq: 0 };
      }
      floor = laterFloor(floor, delta.floor);
      // first, because an old snapshot brings records that were dropped since
      table.drop(floor.seq);
      for (const record of delta.records) table.merge(record);
      mergeBrowsers(browsers, delta.browsers, floor.seq);
      if (delta.seq > at.seq) at = { incarnation: delta.incarnation, seq: delta.seq };
      return true;
    },
    cursor: () => at,
    fence: () => at,
    browserEpoch(host) {
      const hashes = [ALL_BROWSERS, targetHash({ kind: "browsers", value: host })];
      return Math.max(0, ...hashes.map((hash) => browsers.get(hash)?.epoch ?? 0)) || undefined;
    },
    stateOf: (stored, location) => (at ? purgeState(stored, location, known) : { state: "unknown" }),
  };
}
