// Owns the SQL of the outbox: recorded events, the backlog, and dead letters.
import type { Queryable, Row } from "./port.ts";

/** `event` is unparsed, because another version may have written it. */
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
  /** How many of the waiting events a stream was given, including a stream that Redis has since forgotten. */
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
// Arrays travel as JSON, because both drivers then send the same text.
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

/** Call it in the transaction of the change. Resolves to the event's id. */
export async function recordEvent(tx: Queryable, row: NewOutboxRow): Promise<string> {
  // Held until commit, so that the next recorder for this entity draws a larger id after this row is visible.
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 7305511))", [row.entity]);
  const [made] = await tx.query(
    `INSERT INTO outbox (entity, event, request_id, traceparent) VALUES ($1, $2::jsonb, $3, $4)
      RETURNING event_id::text AS event_id`,
    [row.entity, JSON.stringify(row.event), row.requestId, row.traceparent],
  );
  return String(made?.["event_id"]);
}

/** Oldest first. It keeps no position, because a smaller id of another entity may be committed later. */
export async function unpublished(db: Queryable, incarnation: string, limit: number) {
  return (
    await db.query(
      `SELECT event_id::text AS event_id, entity FROM outbox
        WHERE ${WAITING} AND published_to IS DISTINCT FROM $1 ORDER BY id LIMIT $2`,
      [incarnation, limit],
    )
  ).map(announcement);
}

/** Every waiting event, published or not, a page at a time. `last` is undefined on the last page. */
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

/** The waiting events of these entities, in order, whether or not the stream has announced them. */
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

/** Also marks events that another process gave up meanwhile, because their work is done. */
export async function markHandled(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query(
    `UPDATE outbox SET handled_at = clock_timestamp(), dead_at = NULL, dead_reason = NULL
      WHERE event_id IN ${EVENT_IDS} AND handled_at IS NULL`,
    [JSON.stringify(ids)],
  );
}

/** Counts a refusal. The last of `most` makes the event a dead letter. Resolves to whether it is one. */
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

/** Puts a dead letter back, before later events of its entity. False when no dead letter has this id. */
export async function redrive(db: Queryable, id: string): Promise<boolean> {
  const rows = await db.query(
    `UPDATE outbox SET dead_at = NULL, dead_reason = NULL, refusals = 0, published_to = NULL
      WHERE event_id = $1::uuid AND dead_at IS NOT NULL RETURNING event_id::text AS event_id`,
    [id],
  );
  return rows.length > 0;
}

/** Deletes dead letters once no tier can still hold what they would have invalidated. */
export async function pruneDead(db: Queryable, keepSeconds: number): Promise<void> {
  await db.query("DELETE FROM outbox WHERE dead_at < clock_timestamp() - make_interval(secs => $1)", [keepSeconds]);
}

/** Deletes long-handled events, at most `limit` at once. Resolves to how many. */
export async function prune(db: Queryable, keepSeconds: number, limit: number): Promise<number> {
  return (
    await db.query(
      `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
        WHERE handled_at < clock_timestamp() - make_interval(secs => $1) ORDER BY handled_at LIMIT $2) RETURNING id`,
      [keepSeconds, limit],
    )
  ).length;
}
