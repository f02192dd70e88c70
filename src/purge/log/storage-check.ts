// Owns the rehearsal of a purge: it tries every statement of one and rolls back. Storage that refuses the rehearsal would refuse every purge.
import type { PurgeOrder } from "../../http/targets/purge-order.ts";
import type { Target } from "../../http/targets/target.ts";
import { entriesBefore, recordEntry } from "./audit.ts";
import { browsersAfter, recordBrowsers } from "./browser-rows.ts";
import { compact, readFloor } from "./compaction.ts";
import { earlierOutcome, rememberOrder } from "./idempotency.ts";
import type { Cursor } from "../wire/records.ts";
import { dueAtMs, isWritten } from "./snapshot.ts";
import { changedAfter, recordTargets } from "./target-rows.ts";

/** No selector can name these targets. */
const TARGETS: readonly Target[] = [
  { kind: "tag", value: "\0rehearsal" },
  { kind: "browsers", value: "\0rehearsal" },
];
const ORDER: PurgeOrder = { targets: TARGETS, mode: "soft", actor: "rehearsal", asked: [] };
const IDENTITY = { key: "rehearsal", fingerprint: "" };
const TAKEN_BACK = new Error("taken back");

/** @throws where the storage does not take a purge, or holds impossible numbers. */
export function checkStorage(storage: DurableObjectStorage, nowMs: number): void {
  try {
    storage.transactionSync(() => {
      purgeOnce(storage.sql, nowMs);
      throw TAKEN_BACK;
    });
  } catch (cause) {
    if (cause !== TAKEN_BACK) throw cause;
  }
}

function purgeOnce(sql: SqlStorage, nowMs: number): void {
  const before = readPosition(sql);
  mustBeSound(sql, before);
  const { seq } = sql.exec<{ seq: number }>("UPDATE log SET seq = seq + 1 RETURNING seq").one();
  earlierOutcome(sql, IDENTITY, nowMs);
  const stamp = { mode: ORDER.mode, seq, nowMs, forgottenSoftSeq: readFloor(sql).softSeq };
  recordTargets(sql, TARGETS, stamp);
  recordBrowsers(sql, TARGETS, stamp);
  recordEntry(sql, ORDER, seq, nowMs);
  rememberOrder(sql, IDENTITY, seq, nowMs);
  compact(sql, { targets: 0, maxTargets: 1 }, seq, nowMs);
  changedAfter(sql, before.seq);
  browsersAfter(sql, before.seq);
  for (const by of ["tokens", "origins", "all"] as const)
    entriesBefore(sql, { beforeSeq: undefined, limit: 1, by }, nowMs);
  dueAtMs(sql, 0, nowMs);
  isWritten(sql, before);
}

export function readPosition(sql: SqlStorage): Cursor {
  return sql.exec<{ incarnation: string; seq: number }>("SELECT incarnation, seq FROM log").one();
}

const MAX_NAME = 64;
const LATEST = `SELECT MAX(seq) AS latest FROM (
  SELECT MAX(changed_seq) AS seq FROM target UNION ALL SELECT MAX(changed_seq) FROM browsers UNION ALL SELECT MAX(seq) FROM entry UNION ALL SELECT MAX(seq) FROM idempotency
)`;

/** Refuses numbers and names that readers cannot take, and rows numbered beyond the log: the next purge would reuse such a number. */
function mustBeSound(sql: SqlStorage, { incarnation, seq }: Cursor): void {
  const isNamed = typeof incarnation === "string" && incarnation !== "" && incarnation.length <= MAX_NAME;
  const numbers = [seq, ...Object.values(readFloor(sql))];
  const areNumbers = numbers.every((number) => Number.isSafeInteger(number) && number >= 0);
  if (!isNamed || !areNumbers) throw new Error("the log's numbers are none");
  const { latest } = sql.exec<{ latest: number | null }>(LATEST).one();
  if (latest !== null && latest > seq) throw new Error("the log's number was set back");
}
