// Owns the embedded database: Postgres in this process, in memory or in a folder.
import { PGlite } from "@electric-sql/pglite";
import { databaseFailure } from "./failure.ts";
import type { Database, Queryable, Row, SqlValue, Statement } from "./port.ts";

type Runner = Pick<PGlite, "query" | "exec">;

function queryable(runner: Runner): Queryable {
  return {
    // PGlite has no named statements, and parses the unnamed one each time.
    async query(sql: Statement | string, params: readonly SqlValue[] = []): Promise<readonly Row[]> {
      try {
        return (await runner.query<Row>(typeof sql === "string" ? sql : sql.text, [...params])).rows;
      } catch (error) {
        throw databaseFailure(error);
      }
    },
    async script(sql: string): Promise<void> {
      try {
        await runner.exec(sql);
      } catch (error) {
        throw databaseFailure(error);
      }
    },
  };
}

/** Without a folder everything is gone when the process ends. */
export async function openPglite(folder?: string): Promise<Database> {
  const pglite = folder === undefined ? await PGlite.create() : await PGlite.create(folder);
  return {
    ...queryable(pglite),
    async transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
      // Checked here, because an error thrown by `transaction` may be the work's own.
      if (pglite.closed) throw databaseFailure(new Error("the embedded database is closed"));
      return pglite.transaction(async (tx) => {
        const result = await work(queryable(tx));
        // Fails if a statement failed and the work went on: PGlite would roll back silently.
        await queryable(tx).script("SELECT 1");
        return result;
      });
    },
    close: async () => (pglite.closed ? undefined : pglite.close()),
  };
}
