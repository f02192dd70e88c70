// Owns the history of purges: actor and targets of each, for 30 days, bounded in rows and bytes for each kind of actor. It decides no purge.
import { targetName } from "../../http/targets/target.ts";
import type { PurgedBy, PurgeEntry, PurgeMode, PurgeOrder } from "../../http/targets/purge-order.ts";

const RETENTION_MS = 30 * 24 * 3600 * 1000;
/** Clients provoke the purges that origins order, so those must not push out the entries of tokens. */
const BOUNDS = [
  { isOrigin: 0, entries: 20_000, characters: 32e6 },
  { isOrigin: 1, entries: 5000, characters: 8e6 },
] as const;
/** 1 where an origin ordered the purge (see `PurgeOrder.actor`). */
const IS_ORIGIN = "(substr(actor, 1, 7) = 'origin ')";
/** For the selectors as written, and again for the targets they meant. */
const MAX_LIST_CHARACTERS = 16_000;
const MAX_ACTOR_CHARACTERS = 256;
/** 16 million characters at most, of up to two bytes each; the platform allows an answer of 32 MB. */
const MAX_PAGE = 500;

type Row = {
  seq: number;
  purged_at_ms: number;
  actor: string;
  mode: string;
  asked: string;
  targets: string;
  request_id: string;
};

export function recordEntry(sql: SqlStorage, order: PurgeOrder, seq: number, nowMs: number): void {
  const actor = order.actor.slice(0, MAX_ACTOR_CHARACTERS);
  const asked = listed(order.asked);
  const targets = listed(order.targets.map(targetName));
  const request = order.requestId?.slice(0, MAX_ACTOR_CHARACTERS) ?? "";
  const characters = actor.length + asked.length + targets.length + request.length;
  sql.exec(
    `INSERT INTO entry (seq, purged_at_ms, characters, actor, mode, asked, targets, request_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    seq,
    nowMs,
    characters,
    actor,
    order.mode,
    asked,
    targets,
    request,
  );
}

/** The latest entries before a number, or the latest of all. */
interface Page {
  readonly beforeSeq: number | undefined;
  readonly limit: number;
  readonly by: PurgedBy;
}

const WHOSE: Readonly<Record<PurgedBy, string>> = { tokens: `NOT ${IS_ORIGIN}`, origins: IS_ORIGIN, all: "TRUE" };

/** Newest first. */
export function entriesBefore(sql: SqlStorage, { beforeSeq, limit, by }: Page, nowMs: number): readonly PurgeEntry[] {
  const page = Math.min(Math.max(Math.floor(limit), 1), MAX_PAGE);
  return sql
    .exec<Row>(
      `SELECT seq, purged_at_ms, actor, mode, asked, targets, request_id
      FROM entry WHERE seq < ? AND purged_at_ms >= ? AND ${WHOSE[by]} ORDER BY seq DESC LIMIT ?`,
      beforeSeq ?? Number.MAX_SAFE_INTEGER,
      nowMs - RETENTION_MS,
      page,
    )
    .toArray()
    .map((row) => ({
      seq: row.seq,
      purgedAtMs: row.purged_at_ms,
      actor: row.actor,
      mode: row.mode as PurgeMode,
      asked: JSON.parse(row.asked) as readonly string[],
      targets: JSON.parse(row.targets) as readonly string[],
      ...(row.request_id !== "" && { requestId: row.request_id }),
    }));
}

/** Drops entries that are too old or too many. It reads every row's size, so it does not run with each purge. */
export function pruneEntries(sql: SqlStorage, nowMs: number): void {
  for (const { isOrigin, entries, characters } of BOUNDS) {
    sql.exec(
      `DELETE FROM entry WHERE ${IS_ORIGIN} = ?1 AND seq <= (
        SELECT MAX(seq) FROM (
          SELECT seq, purged_at_ms, ROW_NUMBER() OVER newest AS number,
            SUM(characters) OVER newest AS total
          FROM entry WHERE ${IS_ORIGIN} = ?1 WINDOW newest AS (ORDER BY seq DESC)
        ) WHERE purged_at_ms < ?2 OR number > ?3 OR total > ?4
      )`,
      isOrigin,
      nowMs - RETENTION_MS,
      entries,
      characters,
    );
  }
}

/** As JSON. A list that is too long ends with the number of names left out. */
function listed(names: readonly string[]): string {
  const shown: string[] = [];
  let characters = 0;
  for (const name of names) {
    characters += JSON.stringify(name).length + 1;
    if (characters > MAX_LIST_CHARACTERS) break;
    shown.push(name);
  }
  const more = names.length - shown.length;
  return JSON.stringify(more === 0 ? shown : [...shown, `(and ${String(more)} more)`]);
}
