// Owns the embedded database: Postgres in this process, in memory, gone when the process ends.
import { PGlite } from "@electric-sql/pglite";
import { databaseFailure } from "./failure.ts";
import type { Database, Queryable, Row, SqlValue } from "./port.ts";

type Runner = Pick<PGlite, "query" | "exec">;

const queryable = (runner: Runner): Queryable => ({
  async query(sql: string, params: readonly SqlValue[] = []): Promise<readonly Row[]> {
    try {
      return (await runner.query<Row>(sql, [...params])).rows;
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
});

export const openPglite = async (): Promise<Database> => {
  const pglite = await PGlite.create();
  return {
    ...queryable(pglite),
    transaction: (work) => pglite.transaction((tx) => work(queryable(tx))),
    close: async () => (pglite.closed ? undefined : pglite.close()),
  };
};
