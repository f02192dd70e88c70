// Owns compaction of the purge log: it drops rows of targets, and raises the floor that stands for them.
import { MAX_STORAGE_SECONDS } from "../../http/law/stored.ts";
import { type Floor, mergedMarks, type PurgeMarks } from "../wire/records.ts";
import { retellBrowsers } from "./browser-rows.ts";

/** `targets`: rows now. `maxTargets`: rows allowed. */
export interface LogSize {
  readonly targets: number;
  readonly maxTargets: number;
}

export interface Compacted {
  readonly targets: number;
  /** Rows dropped for want of room; some entries are fetched once more for them. */
  readonly forRoom: number;
}

/** Share of the allowed rows dropped at a time. */
const STEP_SHARE = 0.01;
/** Rows dropped at a time because they are too old for any stored response; more where one order made them. */
const OLD_STEP = 1000;

type FloorRow = {
  hard_seq: number;
  soft_seq: number;
  previous_soft_seq: number;
  soft_at_ms: number;
  seq: number;
  jitter_seq: number;
  rose_at_ms: number;
};

export function readFloor(sql: SqlStorage): Floor {
  const columns = "hard_seq, soft_seq, previous_soft_seq, soft_at_ms, seq, jitter_seq, rose_at_ms";
  const row = sql.exec<FloorRow>(`SELECT ${columns} FROM floor`).one();
  return {
    hardSeq: row.hard_seq,
    softSeq: row.soft_seq,
    previousSoftSeq: row.previous_soft_seq,
    softAtMs: row.soft_at_ms,
    seq: row.seq,
    jitterSeq: row.jitter_seq,
    roseAtMs: row.rose_at_ms,
  };
}

/**
 * Part of the purge under `seq`, whose readers learn of the raised floor. Drops rows older than any stored response, then, where rows
 * are still too many, the oldest ones.
 */
export function compact(sql: SqlStorage, { targets, maxTargets }: LogSize, seq: number, nowMs: number): Compacted {
  const young = targets - dropTo(sql, lastOld(sql, nowMs - MAX_STORAGE_SECONDS * 1000), seq, nowMs);
  if (young <= maxTargets) return { targets: young, forRoom: 0 };
  const step = Math.max(Math.ceil(maxTargets * STEP_SHARE), young - maxTargets);
  // never the purge's own rows: readers must hear of them first
  const forRoom = dropTo(sql, Math.min(nthChanged(sql, step) ?? seq, seq - 1), seq, nowMs);
  if (forRoom === 0) return { targets: young, forRoom };
  // the next compaction drops as many rows again: refetch some of the entries they concern before
  const next = nthChanged(sql, step) ?? seq;
  sql.exec("UPDATE floor SET jitter_seq = MAX(jitter_seq, ?), rose_at_ms = ?", Math.min(next, seq), nowMs);
  return { targets: young - forRoom, forRoom };
}

/** The number of the youngest of the oldest rows that changed before `beforeMs`. */
function lastOld(sql: SqlStorage, beforeMs: number): number | undefined {
  type Changed = { changed_seq: number; changed_at_ms: number };
  const oldest = (rows: number): readonly Changed[] =>
    sql
      .exec<Changed>(
        "SELECT changed_seq, changed_at_ms FROM target WHERE NOT is_browsers ORDER BY changed_seq LIMIT ?",
        rows,
      )
      .toArray();
  const isOld = (row: Changed | undefined): boolean => row !== undefined && row.changed_at_ms < beforeMs;
  if (!isOld(oldest(1)[0])) return undefined;
  const rows = oldest(OLD_STEP);
  const young = rows.findIndex((row) => !isOld(row));
  return rows.at(young === -1 ? -1 : young - 1)?.changed_seq;
}

function nthChanged(sql: SqlStorage, n: number): number | undefined {
  const nth = "SELECT changed_seq FROM target WHERE NOT is_browsers ORDER BY changed_seq LIMIT 1 OFFSET ?";
  return sql.exec<{ changed_seq: number }>(nth, n - 1).toArray()[0]?.changed_seq;
}

type Dropped = {
  hard_seq: number | null;
  soft_seq: number | null;
  previous_soft_seq: number | null;
  soft_at_ms: number | null;
};

/** Drops every row that changed last at or before `last`, whole orders only. @returns the number of rows dropped. */
function dropTo(sql: SqlStorage, last: number | undefined, seq: number, nowMs: number): number {
  if (last === undefined) return 0;
  const dropped = sql
    .exec<Dropped>(
      `SELECT MAX(hard_seq) AS hard_seq, MAX(soft_seq) AS soft_seq, MAX(previous_soft_seq) AS previous_soft_seq,
        MIN(CASE WHEN soft_seq > 0 THEN soft_at_ms END) AS soft_at_ms
      FROM target WHERE changed_seq <= ? AND NOT is_browsers`,
      last,
    )
    .one();
  const gone = sql
    .exec("DELETE FROM target WHERE changed_seq <= ? AND NOT is_browsers RETURNING 1", last)
    .toArray().length;
  if (gone === 0) return 0;
  raise(sql, marksOf(dropped), last);
  retellBrowsers(sql, last, { seq, nowMs });
  return gone;
}

/** The earliest time of several soft purges, so that no stale window is extended. */
function marksOf({ hard_seq, soft_seq, previous_soft_seq, soft_at_ms }: Dropped): PurgeMarks {
  return {
    hardSeq: hard_seq ?? 0,
    softSeq: soft_seq ?? 0,
    previousSoftSeq: previous_soft_seq ?? 0,
    softAtMs: soft_at_ms ?? 0,
  };
}

function raise(sql: SqlStorage, dropped: PurgeMarks, last: number): void {
  const marks = mergedMarks(readFloor(sql), dropped);
  sql.exec(
    "UPDATE floor SET hard_seq = ?, soft_seq = ?, previous_soft_seq = ?, soft_at_ms = ?, seq = MAX(seq, ?)",
    marks.hardSeq,
    marks.softSeq,
    marks.previousSoftSeq,
    marks.softAtMs,
    last,
  );
}
