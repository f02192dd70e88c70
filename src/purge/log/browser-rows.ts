// Owns the rows of browser purges: for each host, the second that its browsers have to obey. They purge nothing stored at the edge.
import { type Target, type TargetHash, targetHash } from "../../http/targets/target.ts";
import type { BrowserPurge } from "../wire/records.ts";
import { writeBrowserMirror } from "./browser-mirror.ts";

/** No browser keeps a cookie for longer. */
const RETENTION_SECONDS = 400 * 24 * 3600;
const MAX_HOSTS = 1000;
const ALL_BROWSERS = targetHash({ kind: "browsers", value: "" });

interface Stamp {
  readonly seq: number;
  readonly nowMs: number;
}

/** Records an order's targets of kind `browsers`. Above 1,000 hosts all become one purge of all browsers. */
export function recordBrowsers(sql: SqlStorage, targets: readonly Target[], { seq, nowMs }: Stamp): void {
  const hashes = targets.filter(({ kind }) => kind === "browsers").map(targetHash);
  if (hashes.length === 0) return;
  for (const hash of hashes) insert(sql, hash, epochOf(sql, hash, nowMs), seq, nowMs);
  sql.exec("DELETE FROM browsers WHERE epoch < ?", Math.floor(nowMs / 1000) - RETENTION_SECONDS);
  const { hosts, latest } = sql
    .exec<{ hosts: number; latest: number }>("SELECT COUNT(*) AS hosts, MAX(epoch) AS latest FROM browsers")
    .one();
  if (hosts > MAX_HOSTS) {
    sql.exec("DELETE FROM browsers");
    // their mirror (browser-mirror.ts)
    sql.exec("DELETE FROM target WHERE is_browsers");
    insert(sql, ALL_BROWSERS, latest, seq, nowMs);
  }
  writeBrowserMirror(sql, seq);
}

function insert(sql: SqlStorage, hash: TargetHash, epoch: number, seq: number, nowMs: number): void {
  const statement = "INSERT OR REPLACE INTO browsers (target, epoch, changed_seq, changed_at_ms) VALUES (?, ?, ?, ?)";
  sql.exec(statement, hash, epoch, seq, nowMs);
}

/**
 * Browsers remember the second of the purge they obeyed, for each host the later of its own and that of all. A browser that obeyed one
 * purge must obey the next. No browser is told of a second before it is over (flow/answer/clear-site-data.ts), so purges within one
 * second share it, unless the clock went back.
 */
function epochOf(sql: SqlStorage, hash: TargetHash, nowMs: number): number {
  const [where, names] = hash === ALL_BROWSERS ? ["TRUE", []] : ["target IN (?, ?)", [hash, ALL_BROWSERS]];
  const latest = `SELECT epoch, changed_at_ms FROM browsers WHERE ${where} ORDER BY epoch DESC, changed_at_ms DESC LIMIT 1`;
  const [before] = sql.exec<{ epoch: number; changed_at_ms: number }>(latest, ...names).toArray();
  const second = Math.floor(nowMs / 1000);
  if (!before || before.epoch < second) return second;
  return before.epoch === second && before.changed_at_ms <= nowMs ? second : before.epoch + 1;
}

/** Tells browser purges again under `seq`: readers drop those they heard of at or below a floor. */
export function retellBrowsers(sql: SqlStorage, floorSeq: number, { seq, nowMs }: Stamp): void {
  sql.exec("UPDATE browsers SET changed_seq = ?, changed_at_ms = ? WHERE changed_seq <= ?", seq, nowMs, floorSeq);
  writeBrowserMirror(sql, seq);
}

export function browsersAfter(sql: SqlStorage, seq: number): readonly BrowserPurge[] {
  const rows = "SELECT target, epoch, changed_seq AS seq FROM browsers WHERE changed_seq > ?";
  return sql.exec<{ target: TargetHash; epoch: number; seq: number }>(rows, seq).toArray();
}
