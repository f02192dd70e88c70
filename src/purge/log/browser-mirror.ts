// Owns the rows through which the release before knows purges of browsers: marked rows among the targets. A rollback finds them there, and this version takes over changes
// made to them. The release that stops writing them deletes them (docs/decisions/025).
import { INTO } from "./target-rows.ts";

/**
 * Takes over purges that the release before has recorded or told again. Its row is never older, because each change is written to both
 * tables.
 */
export function readBrowserMirror(sql: SqlStorage): void {
  sql.exec(`INSERT OR REPLACE INTO browsers (target, epoch, changed_seq, changed_at_ms)
    SELECT target, soft_at_ms / 1000, changed_seq, changed_at_ms FROM target WHERE is_browsers`);
}

/** Mirrors the rows that changed under `seq`. */
export function writeBrowserMirror(sql: SqlStorage, seq: number): void {
  sql.exec(
    `INSERT OR REPLACE INTO ${INTO} SELECT target, 0, 1, changed_seq, changed_seq, 0, epoch * 1000, changed_seq, changed_at_ms
    FROM browsers WHERE changed_seq = ?`,
    seq,
  );
}
