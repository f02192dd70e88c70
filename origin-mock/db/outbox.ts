// Owns the SQL about the outbox: what happened, what of it is still to be handled, and what was given up.
import type { Queryable, Row } from "./port.ts";

/** `event` is unread: another version may have written it. */
export interface OutboxRow {
  readonly eventId: string;
  readonly entity: string;
  readonly event: unknown;
  readonly requestId: string;
  readonly traceparent: string;
}
export type NewOutboxRow = Omit<OutboxRow, "eventId">;
export interface Backlog {
  readonly waiting: number;
  /** Of those waiting, how many a stream was given, be it one that Redis has forgotten since. */
  readonly published: number;
  readonly dead: number;
  readonly oldest_seconds: number | null;
}
export interface DeadLetter {
  readonly id: string;
  readonly entity: string;
  readonly event: unknown;
  readonly reason: string;
  readonly refusals: number;
  readonly request_id: string;
  readonly created_at: string;
  readonly dead_at: string;
}

const WAITING = "handled_at IS NULL AND dead_at IS NULL";
// Arrays travel as JSON: both drivers then send one text.
const EVENT_IDS = "(SELECT value::uuid FROM jsonb_array_elements_text($1::jsonb))";
function time(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`;
}

function outboxRow(row: Row): OutboxRow {
  return {
    eventId: String(row["event_id"]),
    entity: String(row["entity"]),
    event: row["event"],
    requestId: String(row["request_id"]),
    traceparent: String(row["traceparent"]),
  };
}

function announcement(row: Row) {
  return { eventId: String(row["event_id"]), entity: String(row["entity"]) };
}

/** In the transaction of the change. Resolves to the event's id. */
export async function recordEvent(tx: Queryable, row: NewOutboxRow): Promise<string> {
  // Held until commit, so that whoever records next for this entity draws a larger id after this one is visible.
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 7305511))", [row.entity]);
  const [made] = await tx.query(
    `INSERT INTO outbox (entity, event, request_id, traceparent) VALUES ($1, $2::jsonb, $3, $4)
      RETURNING event_id::text AS event_id`,
    [row.entity, JSON.stringify(row.event), row.requestId, row.traceparent],
  );
  return String(made?.["event_id"]);
}

/** Oldest first. Never remembers where it was: a smaller id of another entity may be committed later. */
export async function unpublished(db: Queryable, incarnation: string, limit: number) {
  return (
    await db.query(
      `SELECT event_id::text AS event_id, entity FROM outbox
        WHERE ${WAITING} AND published_to IS DISTINCT FROM $1 ORDER BY id LIMIT $2`,
      [incarnation, limit],
    )
  ).map(announcement);
}

/** All that waits, published or not, a page at a time; `last` is undefined once there is no more. */
export async function waitingAfter(db: Queryable, after: string, limit: number) {
  const rows = await db.query(
    `SELECT id::text AS id, event_id::text AS event_id, entity FROM outbox
      WHERE ${WAITING} AND id > $1::bigint ORDER BY outbox.id LIMIT $2`,
    [after, limit],
  );
  return {
    rows: rows.map(announcement),
    last: rows.length < limit ? undefined : String(rows.at(-1)?.["id"]),
  };
}

export async function markPublished(db: Queryable, incarnation: string, ids: readonly string[]): Promise<void> {
  await db.query(`UPDATE outbox SET published_to = $2 WHERE event_id IN ${EVENT_IDS}`, [
    JSON.stringify(ids),
    incarnation,
  ]);
}

/** What waits of these entities, in order, whether the stream has told of it or not. */
export async function waitingOf(
  db: Queryable,
  entities: readonly string[],
  limit: number,
): Promise<readonly OutboxRow[]> {
  return (
    await db.query(
      `SELECT event_id::text AS event_id, entity, event, request_id, traceparent FROM outbox
        WHERE ${WAITING} AND entity IN (SELECT jsonb_array_elements_text($1::jsonb)) ORDER BY id LIMIT $2`,
      [JSON.stringify(entities), limit],
    )
  ).map(outboxRow);
}

/** Also of what another process has given up meanwhile: what was done is done. */
export async function markHandled(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query(
    `UPDATE outbox SET handled_at = clock_timestamp(), dead_at = NULL, dead_reason = NULL
      WHERE event_id IN ${EVENT_IDS} AND handled_at IS NULL`,
    [JSON.stringify(ids)],
  );
}

/** Counts a refusal; the last of `most` gives the event up. Resolves to whether it is given up. */
export async function markRefused(db: Queryable, id: string, reason: string, most: number): Promise<boolean> {
  const rows = await db.query(
    `UPDATE outbox SET refusals = refusals + 1,
        dead_at = CASE WHEN refusals + 1 >= $3 THEN clock_timestamp() END,
        dead_reason = CASE WHEN refusals + 1 >= $3 THEN $2 END
      WHERE event_id = $1::uuid AND ${WAITING} RETURNING dead_at IS NOT NULL AS dead`,
    [id, reason, most],
  );
  return rows[0]?.["dead"] === true;
}

export async function readBacklog(db: Queryable): Promise<Backlog> {
  const [row] = await db.query(
    `SELECT count(*) FILTER (WHERE ${WAITING})::integer AS waiting,
        count(*) FILTER (WHERE ${WAITING} AND published_to IS NOT NULL)::integer AS published,
        count(*) FILTER (WHERE dead_at IS NOT NULL)::integer AS dead,
        (extract(epoch FROM clock_timestamp() - min(created_at) FILTER (WHERE ${WAITING})))::double precision AS oldest
      FROM outbox WHERE handled_at IS NULL`,
  );
  const oldest = row?.["oldest"];
  return {
    waiting: Number(row?.["waiting"]),
    published: Number(row?.["published"]),
    dead: Number(row?.["dead"]),
    oldest_seconds: typeof oldest === "number" ? Math.max(0, Math.round(oldest * 1_000) / 1_000) : null,
  };
}

/** The oldest first. */
export async function listDead(db: Queryable, limit: number): Promise<readonly DeadLetter[]> {
  return (
    await db.query(
      `SELECT event_id::text AS event_id, entity, event, dead_reason, refusals, request_id,
          ${time("created_at")}, ${time("dead_at")}
        FROM outbox WHERE dead_at IS NOT NULL ORDER BY id LIMIT $1`,
      [limit],
    )
  ).map((row) => ({
    id: String(row["event_id"]),
    entity: String(row["entity"]),
    event: row["event"],
    reason: String(row["dead_reason"]),
    refusals: Number(row["refusals"]),
    request_id: String(row["request_id"]),
    created_at: String(row["created_at"]),
    dead_at: String(row["dead_at"]),
  }));
}

/** Makes a dead letter wait again, before whatever of its entity still waits. False when there is none with this id. */
export async function redrive(db: Queryable, id: string): Promise<boolean> {
  const rows = await db.query(
    `UPDATE outbox SET dead_at = NULL, dead_reason = NULL, refusals = 0, published_to = NULL
      WHERE event_id = $1::uuid AND dead_at IS NOT NULL RETURNING event_id::text AS event_id`,
    [id],
  );
  return rows.length > 0;
}

/** Forgets dead letters, too, once nothing that they would have made untrue is kept anywhere. */
export async function pruneDead(db: Queryable, keepSeconds: number): Promise<void> {
  await db.query("DELETE FROM outbox WHERE dead_at < clock_timestamp() - make_interval(secs => $1)", [keepSeconds]);
}

/** Forgets what was handled long ago, at most `limit` rows at once. Resolves to how many. */
export async function prune(db: Queryable, keepSeconds: number, limit: number): Promise<number> {
  return (
    await db.query(
      `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
        WHERE handled_at < clock_timestamp() - make_interval(secs => $1) ORDER BY handled_at LIMIT $2) RETURNING id`,
      [keepSeconds, limit],
    )
  ).length;
}
