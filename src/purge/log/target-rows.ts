// Owns the rows of purged targets: one for each target, whatever it matches and however often it was purged.
import type { PurgeMode } from "../../http/targets/purge-order.ts";
import { type Target, type TargetHash, targetHash } from "../../http/targets/target.ts";
import { type PurgeMarks, purgedAgain, type PurgeRecord } from "../wire/records.ts";

type Row = {
  target: string;
  prefix_length: number;
  hard_seq: number;
  soft_seq: number;
  previous_soft_seq: number;
  soft_at_ms: number;
};

const COLUMNS = "target, prefix_length, hard_seq, soft_seq, previous_soft_seq, soft_at_ms";
/** With names, because a later version may have added columns with defaults. */
export const INTO = `target (target, prefix_length, is_browsers, hard_seq, soft_seq, previous_soft_seq, soft_at_ms,
  changed_seq, changed_at_ms)`;

/** One purge, as recorded in the rows of its targets. */
export interface Stamp {
  readonly mode: PurgeMode;
  readonly seq: number;
  readonly nowMs: number;
  /** The floor's `softSeq`: a target without a row may have been purged softly up to it. */
  readonly forgottenSoftSeq: number;
}

const NOTHING: PurgeMarks = { hardSeq: 0, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 };

/** Records an order's targets, all but browsers. @returns how many rows were added. */
export function recordTargets(sql: SqlStorage, targets: readonly Target[], stamp: Stamp): number {
  return targets.reduce(
    (more, target) => more + (target.kind === "browsers" ? 0 : recordTarget(sql, target, stamp)),
    0,
  );
}

/** @returns 1 where the target had no row, else 0. */
function recordTarget(sql: SqlStorage, target: Target, stamp: Stamp): number {
  const { mode, seq, nowMs } = stamp;
  const hash = targetHash(target);
  const [row] = sql.exec<Row>(`SELECT ${COLUMNS} FROM target WHERE target = ?`, hash).toArray();
  const forgotten = { ...NOTHING, softSeq: mode === "soft" ? stamp.forgottenSoftSeq : 0 };
  const marks = purgedAgain(row ? recordOf(row) : forgotten, mode, seq, nowMs);
  sql.exec(
    `INSERT OR REPLACE INTO ${INTO} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    hash,
    // another target with the same hash must not hide a prefix
    Math.max(row?.prefix_length ?? 0, target.kind === "prefix" ? target.value.length : 0),
    0,
    marks.hardSeq,
    marks.softSeq,
    marks.previousSoftSeq,
    marks.softAtMs,
    seq,
    nowMs,
  );
  return row ? 0 : 1;
}

export function changedAfter(sql: SqlStorage, seq: number): readonly PurgeRecord[] {
  return sql
    .exec<Row>(`SELECT ${COLUMNS} FROM target WHERE changed_seq > ? AND NOT is_browsers`, seq)
    .toArray()
    .map(recordOf);
}

/** Reads every row: call it once, when the object wakes. */
export function countTargets(sql: SqlStorage): number {
  return sql.exec<{ rows: number }>("SELECT COUNT(*) AS rows FROM target WHERE NOT is_browsers").one().rows;
}

function recordOf(row: Row): PurgeRecord {
  return {
    target: row.target as TargetHash,
    prefixLength: row.prefix_length,
    hardSeq: row.hard_seq,
    softSeq: row.soft_seq,
    previousSoftSeq: row.previous_soft_seq,
    softAtMs: row.soft_at_ms,
  };
}
