// Owns what is known of one purged target, how records merge, and what crosses from the log to its readers.
import type { TargetHash } from "../http/target.ts";

/**
 * The purges of one target. A hard purge makes entries fetched before `hardSeq` unusable; a soft one makes those fetched
 * before `softSeq` stale since `softAtMs`, and those fetched before `previousSoftSeq` need validation first. 0 is never.
 */
export interface PurgeRecord {
  readonly target: TargetHash;
  readonly hardSeq: number;
  readonly softSeq: number;
  readonly previousSoftSeq: number;
  readonly softAtMs: number;
}

/** A reader's position in the log. */
export interface Cursor {
  readonly incarnation: string;
  readonly seq: number;
}

/** Every record changed after the cursor it was asked for, up to `seq`; all of them where the incarnations differ. */
export interface Delta {
  readonly incarnation: string;
  readonly seq: number;
  readonly records: readonly PurgeRecord[];
}

export type PurgeMode = "hard" | "soft";

/** The record after one more purge. A soft purge never hides a hard one and never extends a stale window. */
export function purgedAgain(
  target: TargetHash,
  before: PurgeRecord | undefined,
  mode: PurgeMode,
  seq: number,
  nowMs: number,
): PurgeRecord {
  const base = before ?? { target, hardSeq: 0, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 };
  if (mode === "hard") return { ...base, hardSeq: seq };
  return { ...base, softSeq: seq, previousSoftSeq: base.softSeq, softAtMs: nowMs };
}

/** The later knowledge of two: each field only ever grows, so the order of arrival does not matter. */
export function mergedRecord(a: PurgeRecord | undefined, b: PurgeRecord): PurgeRecord {
  if (!a) return b;
  const earlierSoft = a.softSeq === b.softSeq ? 0 : Math.min(a.softSeq, b.softSeq);
  return {
    target: b.target,
    hardSeq: Math.max(a.hardSeq, b.hardSeq),
    softSeq: Math.max(a.softSeq, b.softSeq),
    // of two different soft purges the earlier is a previous one, also when two targets share a hash
    previousSoftSeq: Math.max(a.previousSoftSeq, b.previousSoftSeq, earlierSoft),
    softAtMs: a.softSeq === b.softSeq ? Math.max(a.softAtMs, b.softAtMs) : (a.softSeq > b.softSeq ? a : b).softAtMs,
  };
}
