// Owns what is known of one purged target, how records merge, and what crosses from the log to its readers.
import type { PurgeMode } from "../../http/targets/purge-order.ts";
import type { TargetHash } from "../../http/targets/target.ts";

/** Numbers of the log. 0 is never. */
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

/** The last purge of the browsers that use a host, or of all browsers. It purges nothing that is stored here. */
export interface BrowserPurge {
  /** Of the host, as a target of kind `browsers`. */
  readonly target: TargetHash;
  /** Its time in seconds since 1970: browsers that obeyed it remember that. */
  readonly epoch: number;
  /** The number under which readers heard of it last. */
  readonly seq: number;
}

/**
 * What stands for the records that were dropped: as if everything had been purged as each of their targets was. Nothing is
 * ever wrongly fresh for it; some entries are fetched once more than they need be.
 */
export interface Floor extends PurgeMarks {
  /** Records that changed last at or before this number are dropped. */
  readonly seq: number;
  /**
   * Where the softening ends: an entry whose fence lies between `softSeq` and this is stale, too, with a likelihood that
   * falls from one to none, so that not all become stale at the next rise. At most the log's number at the last rise.
   */
  readonly jitterSeq: number;
  /** When it rose last. */
  readonly roseAtMs: number;
}

/** A reader's position in the log. */
export interface Cursor {
  readonly incarnation: string;
  readonly seq: number;
}

/** Every record that changed after `from` and was not dropped, up to `seq`. */
export interface Delta {
  readonly incarnation: string;
  readonly seq: number;
  /** A reader of this incarnation at or after this number misses nothing; 0: no reader does. */
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

/** The later knowledge of two: each mark only ever grows, so the order of arrival does not matter. */
export function mergedMarks(a: PurgeMarks = NEVER, b: PurgeMarks): PurgeMarks {
  const earlierSoft = a.softSeq === b.softSeq ? 0 : Math.min(a.softSeq, b.softSeq);
  return {
    hardSeq: Math.max(a.hardSeq, b.hardSeq),
    softSeq: Math.max(a.softSeq, b.softSeq),
    // of two different soft purges the earlier is a previous one, also when two targets share a hash
    previousSoftSeq: Math.max(a.previousSoftSeq, b.previousSoftSeq, earlierSoft),
    // several purges dropped below a floor share one number there: the earliest counts for all
    softAtMs: a.softSeq === b.softSeq ? Math.min(a.softAtMs, b.softAtMs) : (a.softSeq > b.softSeq ? a : b).softAtMs,
  };
}

/** The number under which a record changed last. */
export function changedSeq({ hardSeq, softSeq }: PurgeMarks): number {
  return Math.max(hardSeq, softSeq);
}
