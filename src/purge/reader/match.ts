// Owns the purge log's verdict on one stored response.
import { wordOf } from "../../http/message/hash.ts";
import type { Location } from "../../http/message/facts.ts";
import type { PurgeState } from "../../http/law/reuse.ts";
import type { Fence, Stored } from "../../http/law/stored.ts";
import { locationTargets, prefixTargets, type TargetHash } from "../../http/targets/target.ts";
import type { Floor, PurgeMarks } from "../wire/records.ts";

/** A reader's knowledge of the log. */
export interface KnownLog {
  readonly incarnation: string;
  readonly seq: number;
  readonly floor: Floor;
  /** Absent where the target was never purged, or its record was dropped below the floor. */
  marksOf(target: TargetHash): PurgeMarks | undefined;
  /** Lengths of all known prefix targets, ascending. */
  prefixLengths(): readonly number[];
}

const CLEAR: PurgeState = { state: "clear" };

/**
 * The strictest verdict over all targets of the response. A fence of another incarnation is older than everything: the purges of that
 * log are unknown. `location`: of the resource, as it is keyed.
 */
export function purgeState(
  { targets, fence }: Pick<Stored, "targets" | "fence">,
  location: Location,
  log: KnownLog,
): PurgeState {
  if (fence.incarnation !== log.incarnation) return { state: "gone", reason: "purge-log-changed" };
  // no purge since the fetch began
  if (fence.seq >= log.seq) return CLEAR;
  const places = locationTargets(location);
  let verdict = belowFloor(fence, log.floor, places);
  if (verdict.state === "gone") return verdict;
  for (const among of [targets, places, prefixTargets(location, log.prefixLengths())]) {
    for (const target of among) {
      const marks = log.marksOf(target);
      if (!marks) continue;
      const said = judge(marks, fence);
      if (said.state === "gone") return said;
      verdict = stricter(verdict, said);
    }
  }
  return verdict;
}

function judge(marks: PurgeMarks, { seq }: Fence): PurgeState {
  if (seq < marks.hardSeq) return { state: "gone", reason: "purged" };
  if (seq < marks.previousSoftSeq) return { state: "validate" };
  if (seq < marks.softSeq) return { state: "stale", sinceMs: marks.softAtMs };
  return CLEAR;
}

/** The floor stands for forgotten purges, so it applies to every response. */
function belowFloor(fence: Fence, floor: Floor, places: readonly TargetHash[]): PurgeState {
  const said = judge(floor, fence);
  if (said.state === "gone") return { state: "gone", reason: "purge-floor" };
  if (said.state !== "clear") return said;
  if (fence.seq >= floor.jitterSeq) return CLEAR;
  const edge = floor.softSeq + (floor.jitterSeq - floor.softSeq) * chanceOf(places);
  return fence.seq < edge ? { state: "stale", sinceMs: floor.roseAtMs } : CLEAR;
}

/** A number from 0 to 1, always the same for the same place. */
function chanceOf(places: readonly TargetHash[]): number {
  const place = places.at(-1);
  return place ? wordOf(place, 0) / 2 ** 32 : 0;
}

/** Of two verdicts that are not "gone": validation before staleness, the earlier staleness before the later. */
function stricter(a: PurgeState, b: PurgeState): PurgeState {
  if (a.state === "validate" || b.state === "clear") return a;
  if (b.state === "validate" || a.state === "clear") return b;
  return a.state === "stale" && b.state === "stale" && a.sinceMs <= b.sinceMs ? a : b;
}
