// Owns when the purge log writes its snapshot to KV: after purges, at most once a second, again after a failure. It never fails a purge.
import type { Cursor } from "../wire/records.ts";
import { messageOf, reportLog } from "./report.ts";
import { SNAPSHOT_KEY } from "../wire/snapshot-key.ts";

/** The KV method this file calls. */
export interface SnapshotStore {
  put(key: string, value: Uint8Array): Promise<void>;
}

/** KV takes one write a second for a key. */
const INTERVAL_MS = 1000;
/** Each snapshot reads and encodes the whole log, so a larger log writes less often: every 6 s with 100,000 targets. */
const INTERVAL_MS_PER_TARGET = 0.05;
const MAX_RETRY_MS = 5 * 60 * 1000;

type State = { incarnation: string; seq: number; written_at_ms: number; failures: number };

function readState(sql: SqlStorage): State {
  return sql.exec<State>("SELECT incarnation, seq, written_at_ms, failures FROM snapshot").one();
}

/** When the next snapshot may be written. */
export function dueAtMs(sql: SqlStorage, targets: number, nowMs: number): number {
  const { written_at_ms, failures } = readState(sql);
  const pauseMs = INTERVAL_MS + targets * INTERVAL_MS_PER_TARGET;
  const retryMs = failures === 0 ? 0 : Math.min(INTERVAL_MS * 2 ** failures, MAX_RETRY_MS);
  // a clock that was set back must not stop the snapshots
  return Math.min(Math.max(nowMs, written_at_ms + Math.max(pauseMs, retryMs)), nowMs + MAX_RETRY_MS);
}

export function isWritten(sql: SqlStorage, { incarnation, seq }: Cursor): boolean {
  const state = readState(sql);
  return state.incarnation === incarnation && state.seq === seq;
}

/** Never throws. `now`: read after the attempt, so that two writes are never closer than the interval. */
export async function writeSnapshot(
  sql: SqlStorage,
  store: SnapshotStore,
  { incarnation, seq }: Cursor,
  bytes: Uint8Array,
  now: () => number,
): Promise<void> {
  try {
    await store.put(SNAPSHOT_KEY, bytes);
    sql.exec("UPDATE snapshot SET incarnation = ?, seq = ?, written_at_ms = ?, failures = 0", incarnation, seq, now());
  } catch (cause) {
    sql.exec("UPDATE snapshot SET written_at_ms = ?, failures = failures + 1", now());
    const { failures } = readState(sql);
    reportLog("purge-snapshot-failed", { message: messageOf(cause), failures, bytes: bytes.length });
  }
}
