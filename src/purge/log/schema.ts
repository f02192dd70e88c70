// Owns the tables of the purge log: it makes them, updates them, or drops them all. Which versions may share storage: docs/decisions/025.
import { readBrowserMirror } from "./browser-mirror.ts";

/**
 * Raise it only where this version and the one before cannot work on the same tables. Each of the two then drops storage of the other,
 * so a gradual rollout drops it again and again.
 */
export const VERSION = 3;
/** Version 2 had no `request_id`; its tables are kept. */
const BEFORE = 2;

const TABLES = `
  CREATE TABLE schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL);
  CREATE TABLE log (id INTEGER PRIMARY KEY CHECK (id = 1), incarnation TEXT NOT NULL, seq INTEGER NOT NULL);
  CREATE TABLE target (
    target TEXT PRIMARY KEY,
    prefix_length INTEGER NOT NULL,
    is_browsers INTEGER NOT NULL,
    hard_seq INTEGER NOT NULL,
    soft_seq INTEGER NOT NULL,
    previous_soft_seq INTEGER NOT NULL,
    soft_at_ms INTEGER NOT NULL,
    changed_seq INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE floor (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    hard_seq INTEGER NOT NULL,
    soft_seq INTEGER NOT NULL,
    previous_soft_seq INTEGER NOT NULL,
    soft_at_ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    jitter_seq INTEGER NOT NULL,
    rose_at_ms INTEGER NOT NULL
  );
  INSERT INTO floor VALUES (1, 0, 0, 0, 0, 0, 0, 0);
  CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    purged_at_ms INTEGER NOT NULL,
    characters INTEGER NOT NULL,
    actor TEXT NOT NULL,
    mode TEXT NOT NULL,
    asked TEXT NOT NULL,
    targets TEXT NOT NULL,
    request_id TEXT NOT NULL
  );
  CREATE TABLE idempotency (
    seq INTEGER PRIMARY KEY,
    purged_at_ms INTEGER NOT NULL,
    key TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL
  );
  CREATE TABLE snapshot (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    incarnation TEXT NOT NULL,
    seq INTEGER NOT NULL,
    written_at_ms INTEGER NOT NULL,
    failures INTEGER NOT NULL
  );
  INSERT INTO snapshot VALUES (1, '', 0, 0, 0);`;

/**
 * Added to storage of any age when it is opened, without a new version: indexes, and tables that older code does not know. Columns
 * cannot be added while code of the first release of version 3 may open the storage: it inserts by position.
 */
const ADDITIONS = `
  CREATE INDEX IF NOT EXISTS target_changed ON target (changed_seq);
  CREATE INDEX IF NOT EXISTS target_browsers ON target (soft_at_ms) WHERE is_browsers;
  CREATE TABLE IF NOT EXISTS browsers (
    target TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    changed_seq INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;`;

/** All but the platform's own tables. */
const OURS = "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'";

export function isEmpty(sql: SqlStorage): boolean {
  return sql.exec(`SELECT 1 FROM sqlite_master WHERE ${OURS} LIMIT 1`).toArray().length === 0;
}

/** A log that lost its storage is another log: its numbers start again and cannot be compared with the old ones. */
export function createTables(sql: SqlStorage): void {
  sql.exec(TABLES);
  sql.exec(ADDITIONS);
  sql.exec("INSERT INTO schema (id, version) VALUES (1, ?)", VERSION);
  sql.exec("INSERT INTO log (id, incarnation, seq) VALUES (1, ?, 0)", crypto.randomUUID());
}

/** @throws where the storage has no version, or one that shares nothing with this one. */
export function updateTables(sql: SqlStorage): void {
  const { version } = sql.exec<{ version: SqlStorageValue }>("SELECT version FROM schema").one();
  if (version === BEFORE) {
    sql.exec("ALTER TABLE entry ADD COLUMN request_id TEXT NOT NULL DEFAULT ''");
    sql.exec("UPDATE schema SET version = ?", VERSION);
  } else if (version !== VERSION) {
    throw new Error(`storage of version ${String(version)}`);
  }
  sql.exec(ADDITIONS);
  readBrowserMirror(sql);
}

/** Drops tables that this code does not know, too: one that stayed could collide with a new one. */
export function dropEverything(sql: SqlStorage): void {
  // tables may refer to each other
  sql.exec("PRAGMA defer_foreign_keys = on");
  // tables last, and virtual tables before the tables that hold their contents, which go with them
  const order = "type = 'table', sql NOT LIKE 'CREATE VIRTUAL%'";
  const all = `SELECT type, name FROM sqlite_master WHERE type <> 'index' AND ${OURS} ORDER BY ${order}`;
  for (const { type, name } of sql.exec<{ type: string; name: string }>(all).toArray())
    sql.exec(`DROP ${type} IF EXISTS "${name.replaceAll('"', '""')}"`);
}
