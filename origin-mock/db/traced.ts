// Owns the measuring of the database: a database that tells how long each answer of it took.
import type { Database, Queryable } from "./port.ts";

/** `note` gets the milliseconds of each statement, of beginning a transaction and of ending it, also of those that fail. */
export function tracedDatabase(
  db: Database,
  note: (ms: number) => void,
  monotonicMs: () => number = () => performance.now(),
): Database {
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const startedAtMs = monotonicMs();
    try {
      return await work();
    } finally {
      note(monotonicMs() - startedAtMs);
    }
  };
  const queryable = (inner: Queryable): Queryable => ({
    query: (sql, params) => timed(() => inner.query(sql, params)),
    script: (sql) => timed(() => inner.script(sql)),
  });
  return {
    ...queryable(db),
    async transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
      // What the work does between its statements is the caller's time: only the two ends are the database's.
      let sinceMs = monotonicMs();
      try {
        return await db.transaction(async (tx) => {
          note(monotonicMs() - sinceMs);
          try {
            return await work(queryable(tx));
          } finally {
            sinceMs = monotonicMs();
          }
        });
      } finally {
        note(monotonicMs() - sinceMs);
      }
    },
    close: () => db.close(),
  };
}
