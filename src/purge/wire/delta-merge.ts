// Owns merging deltas of one log; they may come in any order.
import type { Cursor, Delta, Floor } from "./records.ts";

/** Whether a reader at `cursor` misses nothing. */
export function suffices({ incarnation, from }: Delta, cursor: Cursor | undefined): boolean {
  return from === 0 || (cursor?.incarnation === incarnation && cursor.seq >= from);
}

/** Both in one delta, if they are of one log without a gap between them. It may hold a record twice. */
export function mergedDelta(a: Delta, b: Delta): Delta | undefined {
  if (a.incarnation !== b.incarnation || a.from > b.seq || b.from > a.seq) return undefined;
  return {
    incarnation: a.incarnation,
    seq: Math.max(a.seq, b.seq),
    from: Math.min(a.from, b.from),
    floor: laterFloor(a.floor, b.floor),
    records: [...a.records, ...b.records],
    browsers: [...a.browsers, ...b.browsers],
  };
}

/** A log's floor only rises, so the later of two is the greater in every mark. */
export function laterFloor(a: Floor, b: Floor): Floor {
  return {
    seq: Math.max(a.seq, b.seq),
    hardSeq: Math.max(a.hardSeq, b.hardSeq),
    softSeq: Math.max(a.softSeq, b.softSeq),
    previousSoftSeq: Math.max(a.previousSoftSeq, b.previousSoftSeq),
    softAtMs: a.softSeq === b.softSeq ? Math.min(a.softAtMs, b.softAtMs) : (a.softSeq > b.softSeq ? a : b).softAtMs,
    jitterSeq: Math.max(a.jitterSeq, b.jitterSeq),
    roseAtMs: Math.max(a.roseAtMs, b.roseAtMs),
  };
}
