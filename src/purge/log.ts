// Owns the purge log: one Durable Object that numbers purges and tells readers what changed since they last asked.
import { DurableObject } from "cloudflare:workers";
import { type Target, targetHash, targetName } from "../http/target.ts";
import { type Cursor, type Delta, type PurgeMode, type PurgeRecord, purgedAgain } from "./records.ts";

export interface PurgeCommand {
  readonly targets: readonly Target[];
  readonly mode: PurgeMode;
  /** The caller's position: the answer carries everything it lacks. */
  readonly since: Cursor | undefined;
}

export interface PurgeAnswer {
  /** The sequence number under which all targets of the command stand. */
  readonly seq: number;
  readonly delta: Delta;
}

type Row = {
  target: string;
  hard_seq: number;
  soft_seq: number;
  previous_soft_seq: number;
  soft_at_ms: number;
};

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY CHECK (id = 1), incarnation TEXT NOT NULL, seq INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS target (
    name TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    hard_seq INTEGER NOT NULL,
    soft_seq INTEGER NOT NULL,
    previous_soft_seq INTEGER NOT NULL,
    soft_at_ms INTEGER NOT NULL,
    changed_seq INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS target_changed ON target (changed_seq);
`;

const COLUMNS = "target, hard_seq, soft_seq, previous_soft_seq, soft_at_ms";

export class PurgeLog extends DurableObject<unknown> {
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#sql.exec(SCHEMA);
    // a log that lost its storage is another log: its numbers start anew and must not be compared with the old ones
    this.#sql.exec("INSERT OR IGNORE INTO log VALUES (1, ?, 0)", crypto.randomUUID());
  }

  /** Adds one row per target, all under the next sequence number, or none. */
  purge({ targets, mode, since }: PurgeCommand): PurgeAnswer {
    return this.ctx.storage.transactionSync(() => {
      const seq = this.#sql.exec<{ seq: number }>("UPDATE log SET seq = seq + 1 RETURNING seq").one().seq;
      const nowMs = Date.now();
      for (const target of targets) this.#record(target, mode, seq, nowMs);
      return { seq, delta: this.since(since) };
    });
  }

  /** What a reader at `cursor` lacks. */
  since(cursor: Cursor | undefined): Delta {
    const { incarnation, seq } = this.#sql
      .exec<{ incarnation: string; seq: number }>("SELECT incarnation, seq FROM log")
      .one();
    const from = cursor?.incarnation === incarnation ? cursor.seq : 0;
    if (from === seq) return { incarnation, seq, records: [] };
    if (from > seq) return this.#reincarnated();
    const rows = this.#sql.exec<Row>(`SELECT ${COLUMNS} FROM target WHERE changed_seq > ?`, from).toArray();
    return { incarnation, seq, records: rows.map(toRecord) };
  }

  /** A reader ahead of us: this storage was set back. Its fences would outrank every purge to come, so we are another log. */
  #reincarnated(): Delta {
    this.#sql.exec("UPDATE log SET incarnation = ?", crypto.randomUUID());
    return this.since(undefined);
  }

  #record(target: Target, mode: PurgeMode, seq: number, nowMs: number): void {
    const name = targetName(target);
    const [row] = this.#sql.exec<Row>(`SELECT ${COLUMNS} FROM target WHERE name = ?`, name).toArray();
    const record = purgedAgain(targetHash(target), row && toRecord(row), mode, seq, nowMs);
    this.#sql.exec(
      "INSERT OR REPLACE INTO target VALUES (?, ?, ?, ?, ?, ?, ?)",
      name,
      record.target,
      record.hardSeq,
      record.softSeq,
      record.previousSoftSeq,
      record.softAtMs,
      seq,
    );
  }
}

function toRecord(row: Row): PurgeRecord {
  return {
    target: row.target as PurgeRecord["target"],
    hardSeq: row.hard_seq,
    softSeq: row.soft_seq,
    previousSoftSeq: row.previous_soft_seq,
    softAtMs: row.soft_at_ms,
  };
}
