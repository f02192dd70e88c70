// Owns the purge log's storage as earlier releases made and wrote it: their own SQL, and versions that may come.

const TARGETS = `CREATE TABLE target (
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
  CREATE INDEX target_changed ON target (changed_seq);`;
const BROWSERS_INDEX = "CREATE INDEX target_browsers ON target (soft_at_ms) WHERE is_browsers;";
const FLOOR = `CREATE TABLE floor (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    hard_seq INTEGER NOT NULL,
    soft_seq INTEGER NOT NULL,
    previous_soft_seq INTEGER NOT NULL,
    soft_at_ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    jitter_seq INTEGER NOT NULL,
    rose_at_ms INTEGER NOT NULL
  );
  INSERT INTO floor VALUES (1, 0, 0, 0, 0, 0, 0, 0);`;
const entries = (more: string): string => `CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    purged_at_ms INTEGER NOT NULL,
    characters INTEGER NOT NULL,
    actor TEXT NOT NULL,
    mode TEXT NOT NULL,
    asked TEXT NOT NULL,
    targets TEXT NOT NULL${more}
  );`;
const OTHERS = `CREATE TABLE idempotency (
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
const LOG =
  "CREATE TABLE log (id INTEGER PRIMARY KEY CHECK (id = 1), incarnation TEXT NOT NULL, seq INTEGER NOT NULL);";
const SCHEMA = "CREATE TABLE IF NOT EXISTS schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL);";
const DROPPED = "DROP TABLE IF EXISTS log; DROP TABLE IF EXISTS target;";

/** The statements of earlier releases' constructors, by the version of their storage. */
const TABLES = {
  1: `CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY CHECK (id = 1), incarnation TEXT NOT NULL, seq INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS target (name TEXT PRIMARY KEY, target TEXT NOT NULL, hard_seq INTEGER NOT NULL,
      soft_seq INTEGER NOT NULL, previous_soft_seq INTEGER NOT NULL, soft_at_ms INTEGER NOT NULL, changed_seq INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS target_changed ON target (changed_seq);`,
  2: DROPPED + LOG + TARGETS + BROWSERS_INDEX + FLOOR + entries("") + OTHERS,
  3: DROPPED + LOG + TARGETS + BROWSERS_INDEX + FLOOR + entries(", request_id TEXT NOT NULL") + OTHERS,
} as const;

/** The constructor of the release of version 3. @throws on storage of the versions it does not know. */
export function openAsVersion3(storage: DurableObjectStorage): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    sql.exec(SCHEMA);
    const [found] = sql.exec<{ version: number }>("SELECT version FROM schema").toArray();
    if (found?.version === 3) return;
    sql.exec("INSERT OR REPLACE INTO schema VALUES (1, ?)", 3);
    if (found?.version === 2) {
      sql.exec("ALTER TABLE entry ADD COLUMN request_id TEXT NOT NULL DEFAULT ''");
      return;
    }
    sql.exec(TABLES[3]);
    sql.exec("INSERT INTO log VALUES (1, ?, 0)", crypto.randomUUID());
  });
}

/** The same of version 2. */
export function openAsVersion2(storage: DurableObjectStorage): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    sql.exec(SCHEMA);
    const isCurrent = sql.exec("SELECT 1 FROM schema WHERE version = ?", 2).toArray().length > 0;
    if (isCurrent) return;
    sql.exec(TABLES[2]);
    sql.exec("INSERT OR REPLACE INTO schema VALUES (1, ?)", 2);
    sql.exec("INSERT INTO log VALUES (1, ?, 0)", crypto.randomUUID());
  });
}

/** The same of the first, whose storage had no version. */
export function openAsVersion1({ sql }: DurableObjectStorage): void {
  sql.exec(TABLES[1]);
  sql.exec("INSERT OR IGNORE INTO log VALUES (1, ?, 0)", crypto.randomUUID());
}

/** A hard purge of one target by the release of version 3, with its statements. @returns its number. */
export function purgeAsVersion3(storage: DurableObjectStorage, hash: string, nowMs: number, key?: string): number {
  const { sql } = storage;
  return storage.transactionSync(() => {
    const { seq } = sql.exec<{ seq: number }>("UPDATE log SET seq = seq + 1 RETURNING seq").one();
    sql.exec("SELECT * FROM floor").one();
    sql.exec("INSERT OR REPLACE INTO target VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", hash, 0, 0, seq, 0, 0, 0, seq, nowMs);
    sql.exec("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", seq, nowMs, 9, "old", "hard", "[]", "[]", "");
    if (key !== undefined) sql.exec("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?)", seq, nowMs, key, "f");
    const browsers = "SELECT * FROM target WHERE is_browsers ORDER BY soft_at_ms DESC, changed_at_ms DESC LIMIT 1";
    sql.exec(browsers).toArray();
    sql.exec("SELECT * FROM entry WHERE seq < ? ORDER BY seq DESC LIMIT ?", seq, 1).toArray();
    sql.exec("SELECT incarnation, seq, written_at_ms, failures FROM snapshot").one();
    return seq;
  });
}

/** One by the release of version 2. */
export function purgeAsVersion2({ sql }: DurableObjectStorage, hash: string, nowMs: number): void {
  const { seq } = sql.exec<{ seq: number }>("UPDATE log SET seq = seq + 1 RETURNING seq").one();
  sql.exec("INSERT OR REPLACE INTO target VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", hash, 0, 0, seq, 0, 0, 0, seq, nowMs);
  sql.exec("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", seq, nowMs, 9, "old", "hard", "[]", "[]");
}

/** A purge of browsers by the last release that kept them among the targets, with its statements. @returns its number. */
export function purgeBrowsersAsTargets(storage: DurableObjectStorage, hash: string, nowMs: number): number {
  const { sql } = storage;
  return storage.transactionSync(() => {
    const { seq } = sql.exec<{ seq: number }>("UPDATE log SET seq = seq + 1 RETURNING seq").one();
    const second = Math.floor(nowMs / 1000) * 1000;
    insertBrowsers(sql, hash, second, seq, nowMs);
    sql.exec("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", seq, nowMs, 9, "old", "hard", "[]", "[]", "");
    return seq;
  });
}

/** The same release drops what changed last at or before a number, and tells purges of browsers again, or puts them together as one of all. */
export function compactAsTargets(storage: DurableObjectStorage, last: number, all: string, nowMs: number): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    const { seq } = sql.exec<{ seq: number }>("UPDATE log SET seq = seq + 1 RETURNING seq").one();
    const told = "hard_seq = ?2, soft_seq = ?2, changed_seq = ?2, changed_at_ms = ?3";
    sql.exec(`UPDATE target SET ${told} WHERE is_browsers AND changed_seq <= ?1`, last, seq, nowMs);
    const hosts = sql.exec<{ latest: number | null; hosts: number }>(
      "SELECT MAX(soft_at_ms) AS latest, COUNT(*) AS hosts FROM target WHERE is_browsers",
    );
    const { latest, hosts: count } = hosts.one();
    if (count > 2 && latest !== null) {
      sql.exec("DELETE FROM target WHERE is_browsers");
      insertBrowsers(sql, all, latest, seq, nowMs);
    }
    const gone = sql.exec("DELETE FROM target WHERE changed_seq <= ? RETURNING 1", last).toArray().length;
    if (gone > 0) sql.exec("UPDATE floor SET hard_seq = ?1, seq = ?1", last);
  });
}

function insertBrowsers(sql: SqlStorage, hash: string, softAtMs: number, seq: number, nowMs: number): void {
  sql.exec(
    `INSERT OR REPLACE INTO target (target, prefix_length, is_browsers, hard_seq, soft_seq, previous_soft_seq, soft_at_ms,
      changed_seq, changed_at_ms) VALUES (?, 0, 1, ?, ?, 0, ?, ?, ?)`,
    hash,
    seq,
    seq,
    softAtMs,
    seq,
    nowMs,
  );
}

/** The second that a reader of that release, which knew nothing before, learns for these browsers; 0 for none. */
export function epochAsTargets({ sql }: DurableObjectStorage, hashes: readonly [string, string]): number {
  const rows = sql.exec<{ latest: number | null }>(
    `SELECT MAX(soft_at_ms) AS latest FROM target
    WHERE target IN (?, ?) AND hard_seq = soft_seq AND changed_seq > (SELECT seq FROM floor)`,
    ...hashes,
  );
  return (rows.one().latest ?? 0) / 1000;
}
