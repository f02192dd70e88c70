// Owns the tables of the purge log and how the storage of an earlier version becomes that of this one.

/** Each brings the storage one version further; the first is also what storage without a version has. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY CHECK (id = 1), incarnation TEXT NOT NULL, seq INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS target (
    name TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    hard_seq INTEGER NOT NULL,
    soft_seq INTEGER NOT NULL,
    previous_soft_seq INTEGER NOT NULL,
    soft_at_ms INTEGER NOT NULL,
    changed_seq INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS target_changed ON target (changed_seq);`,
  // a row is named by its target's hash, whose length is known; when the rows of before changed nobody wrote down: long enough not to matter
  `DROP INDEX target_changed;
  ALTER TABLE target RENAME TO named_target;
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
  INSERT INTO target
    SELECT target, MAX(CASE WHEN name LIKE 'prefix:%' THEN length(name) - 7 ELSE 0 END), MAX(name LIKE 'browsers:%'),
      MAX(hard_seq), MAX(soft_seq), MAX(previous_soft_seq), MIN(soft_at_ms), MAX(changed_seq),
      CAST(strftime('%s', 'now') AS INTEGER) * 1000
    FROM named_target GROUP BY target;
  DROP TABLE named_target;
  CREATE INDEX target_changed ON target (changed_seq);
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
    targets TEXT NOT NULL
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
  INSERT INTO snapshot VALUES (1, '', 0, 0, 0);`,
];

/** All of it or nothing. A log that lost its storage is another log: its numbers start anew and must not be compared with the old ones. */
export function prepareStorage(storage: DurableObjectStorage): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    sql.exec("CREATE TABLE IF NOT EXISTS schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)");
    const [held] = sql.exec<{ version: number }>("SELECT version FROM schema").toArray();
    const version = held?.version ?? 0;
    if (version < MIGRATIONS.length) {
      for (const migration of MIGRATIONS.slice(version)) sql.exec(migration);
      sql.exec("INSERT OR REPLACE INTO schema VALUES (1, ?)", MIGRATIONS.length);
    }
    sql.exec("INSERT OR IGNORE INTO log VALUES (1, ?, 0)", crypto.randomUUID());
  });
}
