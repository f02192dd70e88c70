// Owns the tables of the purge log, and what becomes of the storage of an earlier version.

const VERSION = 3;
/** The one before knew nothing of requests; all else is as it was, and stays. */
const BEFORE = 2;
const ADDED = "ALTER TABLE entry ADD COLUMN request_id TEXT NOT NULL DEFAULT ''";

/** Storage of the first version, which had none, held other hashes: its rows match nothing that is stored, and nothing of it is kept. */
const TABLES = `DROP TABLE IF EXISTS log;
  DROP TABLE IF EXISTS target;
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
  CREATE INDEX target_changed ON target (changed_seq);
  CREATE INDEX target_browsers ON target (soft_at_ms) WHERE is_browsers;
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

/** All of it or nothing. A log that lost its storage is another log: its numbers start anew and must not be compared with the old ones. */
export function prepareStorage(storage: DurableObjectStorage): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    sql.exec("CREATE TABLE IF NOT EXISTS schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)");
    const [found] = sql.exec<{ version: number }>("SELECT version FROM schema").toArray();
    if (found?.version === VERSION) return;
    sql.exec("INSERT OR REPLACE INTO schema VALUES (1, ?)", VERSION);
    if (found?.version === BEFORE) {
      sql.exec(ADDED);
      return;
    }
    sql.exec(TABLES);
    sql.exec("INSERT INTO log VALUES (1, ?, 0)", crypto.randomUUID());
  });
}
