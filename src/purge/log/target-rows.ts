// Owns the rows of purged targets: one a target, whatever it matches and however often it was purged.
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
/** With names: a later version may have added columns, with defaults. */
const INTO = `target (target, prefix_length, is_browsers, hard_seq, soft_seq, previous_soft_seq, soft_at_ms,
  changed_seq, changed_at_ms)`;

/** One purge, as its targets' rows see it. */
export interface Mark {
  readonly mode: PurgeMode;
  readonly seq: number;
  readonly nowMs: number;
  /** The floor's `softSeq`: a target without a row may have been purged softly until then, which nobody remembers. */
  readonly forgottenSoftSeq: number;
}

const NOTHING: PurgeMarks = { hardSeq: 0, softSeq: 0, previousSoftSeq: 0, softAtMs: 0 };

/** @returns how many rows more there are: 1 for a target that had none, else 0. */
export function recordTarget(sql: SqlStorage, target: Target, mark: Mark): number {
  const { mode, seq, nowMs } = mark;
  const hash = targetHash(target);
  if (target.kind === "browsers") return recordBrowsers(sql, hash, mark);
  const [row] = sql.exec<Row>(`SELECT ${COLUMNS} FROM target WHERE target = ?`, hash).toArray();
  const forgotten = { ...NOTHING, softSeq: mode === "soft" ? mark.forgottenSoftSeq : 0 };
  const marks = purgedAgain(row ? recordOf(row) : forgotten, mode, seq, nowMs);
  sql.exec(
    `INSERT OR REPLACE INTO ${INTO} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    hash,
    // another target of the same hash must not hide a prefix
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

/** The numbers only say when readers last heard of it. */
function recordBrowsers(sql: SqlStorage, hash: TargetHash, { seq, nowMs }: Mark): number {
  const known = sql.exec("SELECT 1 FROM target WHERE target = ?", hash).toArray().length;
  const insert = `INSERT OR REPLACE INTO ${INTO} VALUES (?, 0, 1, ?, ?, 0, ?, ?, ?)`;
  sql.exec(insert, hash, seq, seq, browsersTime(sql, hash, nowMs), seq, nowMs);
  return 1 - known;
}

/**
 * Of a purge of browsers its time counts, in whole seconds as wire.ts has them: browsers remember that, each host's the later of
 * its own and that of all. Who has obeyed one must obey the next. Nobody is told of a second before it is over (navigation.ts),
 * so purges within one share it, unless the clock went back.
 */
function browsersTime(sql: SqlStorage, hash: TargetHash, nowMs: number): number {
  const [where, names] = hash === ALL_BROWSERS ? ["is_browsers", []] : ["target IN (?, ?)", [hash, ALL_BROWSERS]];
  const latest = `SELECT soft_at_ms, changed_at_ms FROM target WHERE ${where} ORDER BY soft_at_ms DESC, changed_at_ms DESC LIMIT 1`;
  const [before] = sql.exec<{ soft_at_ms: number; changed_at_ms: number }>(latest, ...names).toArray();
  const second = Math.floor(nowMs / 1000) * 1000;
  if (!before || before.soft_at_ms < second) return second;
  return before.soft_at_ms === second && before.changed_at_ms <= nowMs ? second : before.soft_at_ms + 1000;
}

/** No browser keeps its cookie for longer. */
const BROWSERS_MS = 400 * 24 * 3600 * 1000;
const MAX_BROWSERS = 1000;
const ALL_BROWSERS = targetHash({ kind: "browsers", value: "" });

/**
 * Purges of browsers that readers heard of at or before `last` are told again under `seq`, unless no browser can be so far behind;
 * of too many hosts they become one of all. @returns how many rows fewer there are.
 */
export function carryBrowsers(sql: SqlStorage, last: number, seq: number, nowMs: number): number {
  const old = sql.exec("DELETE FROM target WHERE is_browsers AND soft_at_ms < ? RETURNING 1", nowMs - BROWSERS_MS);
  const gone = old.toArray().length;
  const told = "hard_seq = ?2, soft_seq = ?2, changed_seq = ?2, changed_at_ms = ?3";
  sql.exec(`UPDATE target SET ${told} WHERE is_browsers AND changed_seq <= ?1`, last, seq, nowMs);
  const [all] = sql
    .exec<{ rows: number; latest: number }>(
      "SELECT COUNT(*) AS rows, MAX(soft_at_ms) AS latest FROM target WHERE is_browsers HAVING rows > ?",
      MAX_BROWSERS,
    )
    .toArray();
  if (!all) return gone;
  sql.exec("DELETE FROM target WHERE is_browsers");
  const insert = `INSERT INTO ${INTO} VALUES (?, 0, 1, ?, ?, 0, ?, ?, ?)`;
  sql.exec(insert, ALL_BROWSERS, seq, seq, all.latest, seq, nowMs);
  return gone + all.rows - 1;
}

export function changedAfter(sql: SqlStorage, seq: number): readonly PurgeRecord[] {
  return sql.exec<Row>(`SELECT ${COLUMNS} FROM target WHERE changed_seq > ?`, seq).toArray().map(recordOf);
}

/** Reads every row: once, when the object wakes. */
export function countTargets(sql: SqlStorage): number {
  return sql.exec<{ rows: number }>("SELECT COUNT(*) AS rows FROM target").one().rows;
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
