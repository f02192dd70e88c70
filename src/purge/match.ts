// Owns what a set of purge records says of one stored response.
import type { PurgeState } from "../http/reuse.ts";
import type { Fence, Stored } from "../http/stored.ts";
import type { TargetHash } from "../http/target.ts";
import type { PurgeRecord } from "./records.ts";

const CLEAR: PurgeState = { state: "clear" };

/**
 * The strictest verdict over the response's targets. A fence of another incarnation counts as older than everything:
 * what that log had purged is not known any more.
 */
export function purgeState(
  { targets, fence }: Pick<Stored, "targets" | "fence">,
  incarnation: string,
  recordOf: (target: TargetHash) => PurgeRecord | undefined,
): PurgeState {
  if (fence.incarnation !== incarnation) return { state: "gone", reason: "purge-log-changed" };
  let verdict = CLEAR;
  for (const target of targets) {
    const record = recordOf(target);
    if (!record) continue;
    const said = judge(record, fence);
    if (said.state === "gone") return said;
    verdict = stricter(verdict, said);
  }
  return verdict;
}

function judge(record: PurgeRecord, { seq }: Fence): PurgeState {
  if (seq < record.hardSeq) return { state: "gone", reason: "purged" };
  if (seq < record.previousSoftSeq) return { state: "validate" };
  if (seq < record.softSeq) return { state: "stale", sinceMs: record.softAtMs };
  return CLEAR;
}

/** Of two that are not "gone": validation before staleness, the earlier staleness before the later. */
function stricter(a: PurgeState, b: PurgeState): PurgeState {
  if (a.state === "validate" || b.state === "clear") return a;
  if (b.state === "validate" || a.state === "clear") return b;
  return a.state === "stale" && b.state === "stale" && a.sinceMs <= b.sinceMs ? a : b;
}
