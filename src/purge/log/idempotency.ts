// Owns the memory of idempotency keys: for a day, an order under one key is carried out once.
import type { PurgeOrder, PurgeOutcome } from "../../http/targets/purge-order.ts";
import { targetName } from "../../http/targets/target.ts";

const RETENTION_MS = 24 * 3600 * 1000;
const MAX_KEYS = 100_000;

/** Digests, because a key and an order may have any length. */
export interface OrderIdentity {
  readonly key: string;
  readonly fingerprint: string;
}

type Row = { seq: number; purged_at_ms: number; fingerprint: string };

/** The actor is part of the key. */
export async function identityOf(order: PurgeOrder): Promise<OrderIdentity | undefined> {
  const { actor, idempotencyKey, mode, targets } = order;
  if (idempotencyKey === undefined) return undefined;
  const [key, fingerprint] = await Promise.all([
    digest(JSON.stringify([actor, idempotencyKey])),
    digest(JSON.stringify([mode, targets.map(targetName)])),
  ]);
  return { key, fingerprint };
}

/** The outcome of an earlier order under this key; `undefined` where there was none. */
export function earlierOutcome(
  sql: SqlStorage,
  { key, fingerprint }: OrderIdentity,
  nowMs: number,
): PurgeOutcome | undefined {
  const held = "SELECT seq, purged_at_ms, fingerprint FROM idempotency WHERE key = ? AND purged_at_ms >= ?";
  const [row] = sql.exec<Row>(held, key, nowMs - RETENTION_MS).toArray();
  if (!row) return undefined;
  if (row.fingerprint !== fingerprint) return { kind: "conflict" };
  return { kind: "purged", seq: row.seq, purgedAtMs: row.purged_at_ms, replayed: true };
}

export function rememberOrder(
  sql: SqlStorage,
  { key, fingerprint }: OrderIdentity,
  seq: number,
  purgedAtMs: number,
): void {
  const insert = "INSERT OR REPLACE INTO idempotency (seq, purged_at_ms, key, fingerprint) VALUES (?, ?, ?, ?)";
  sql.exec(insert, seq, purgedAtMs, key, fingerprint);
}

/** Drops keys that are too old or too many. */
export function pruneOrders(sql: SqlStorage, nowMs: number): void {
  sql.exec(
    `DELETE FROM idempotency WHERE seq <= MAX(
      COALESCE((SELECT seq FROM idempotency ORDER BY seq DESC LIMIT 1 OFFSET ?), 0),
      COALESCE((SELECT MAX(seq) FROM idempotency WHERE purged_at_ms < ?), 0)
    )`,
    MAX_KEYS,
    nowMs - RETENTION_MS,
  );
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...bytes));
}
