// Owns the record of one purged target, merging records, and the data that crosses from the log to its readers.
import type { PurgeMode } from "../../http/targets/purge-order.ts";
import type { TargetHash } from "../../http/targets/target.ts";

/** Sequence numbers of the log; 0 is never. */
export interface PurgeMarks {
  /** Entries fetched before it are unusable. */
  readonly hardSeq: number;
  /** Entries fetched before it are stale since `softAtMs`. */
  readonly softSeq: number;
  /** Entries fetched before it need validation before they answer. */
  readonly previousSoftSeq: number;
  readonly softAtMs: number;
}

/** The purges of one target. */
export interface PurgeRecord extends PurgeMarks {
  readonly target: TargetHash;
  /** Characters of a prefix target's value; 0 for other kinds. */
  readonly prefixLength: number;
}

/** The last purge of one host's browsers, or of all. It purges nothing stored at the edge. */
export interface BrowserPurge {
  /** The host, as a target of kind `browsers`. */
  readonly target: TargetHash;
  /** Its time, seconds since 1970: browsers that obeyed it remember this. */
  readonly epoch: number;
  /** The number under which the log last told readers of it. */
  readonly seq: number;
}

/**
 * Stands for dropped records as if everything had been purged as their targets were. No response is wrongly fresh because of it; some
 * are fetched once more than necessary.
 */
export interface Floor extends PurgeMarks {
  /** Records that changed last at or before this number were dropped. */
  readonly seq: number;
  /**
   * An entry with a fence between `softSeq` and this is stale, too, with a likelihood that falls from one to none, so that not all
   * entries become stale at the next rise. At most the log's number at the last rise.
   */
  readonly jitterSeq: number;
  /** Time of the last rise. */
  readonly roseAtMs: number;
}

/** A reader's position in the log. */
export interface Cursor {
  readonly incarnation: string;
  readonly seq: number;
}

/** All records that changed after `from`, up to `seq`, and were not dropped. */
export interface Delta {
  readonly incarnation: string;
  readonly seq: number;
  /** The delta is complete for a reader of this incarnation at or after this number; with 0, for any reader. */
  readonly from: number;
  readonly floor: Floor;
  readonly records: readonly PurgeRecord[];
  readonly browsers: readonly BrowserPurge[];
}

const NEVER: PurgeMarks = { hardSeq: 0, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 };

export const NO_FLOOR: Floor = { ...NEVER, seq: 0, jitterSeq: 0, roseAtMs: 0 };

/** The marks after one more purge. A soft purge never hides a hard one and never extends a stale window. */
export function purgedAgain(before: PurgeMarks = NEVER, mode: PurgeMode, seq: number, nowMs: number): PurgeMarks {
  if (mode === "hard") return { ...before, hardSeq: seq };
  return { ...before, softSeq: seq, previousSoftSeq: before.softSeq, softAtMs: nowMs };
}

/** Both merged. Each mark only grows, so the order of arrival does not matter. */
export function mergedMarks(a: PurgeMarks = NEVER, b: PurgeMarks): PurgeMarks {
  const earlierSoft = a.softSeq === b.softSeq ? 0 : Math.min(a.softSeq, b.softSeq);
  return {
    hardSeq: Math.max(a.hardSeq, b.hardSeq),
    softSeq: Math.max(a.softSeq, b.softSeq),
    // the earlier of two soft purges is a previous one, also when two targets share a hash
    previousSoftSeq: Math.max(a.previousSoftSeq, b.previousSoftSeq, earlierSoft),
    // purges dropped below a floor may share one number: take the earliest time
    softAtMs: a.softSeq === b.softSeq ? Math.min(a.softAtMs, b.softAtMs) : (a.softSeq > b.softSeq ? a : b).softAtMs,
  };
}

/** The number under which a record changed last. */
export function changedSeq({ hardSeq, softSeq }: PurgeMarks): number {
  return Math.max(hardSeq, softSeq);
}
