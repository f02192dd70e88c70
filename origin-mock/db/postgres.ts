// Owns the connection to a real Postgres server, pooled, with deadlines so that a dead server is noticed in seconds.
import pg from "pg";
import { isShopError } from "../error.ts";
import { databaseFailure } from "./failure.ts";
import type { Database, Queryable, Row, SqlValue, Statement } from "./port.ts";

/** With a name the server keeps the parsed statement, and the plan, for the life of the connection. */
interface Query {
  readonly text: string;
  readonly name?: string;
  readonly values: SqlValue[];
}
interface Runner {
  query(query: Query | string): Promise<{ rows: Row[] }>;
}

function queryable(runner: Runner): Queryable {
  return {
    async query(sql: Statement | string, params: readonly SqlValue[] = []): Promise<readonly Row[]> {
      const statement = typeof sql === "string" ? { text: sql } : sql;
      try {
        return (await runner.query({ ...statement, values: [...params] })).rows;
      } catch (error) {
        throw databaseFailure(error);
      }
    },
    async script(sql: string): Promise<void> {
      try {
        await runner.query(sql);
      } catch (error) {
        throw databaseFailure(error);
      }
    },
  };
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw databaseFailure(error);
  }
}

async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query("COMMIT").catch((error: unknown) => {
    throw databaseFailure(error);
  });
  // Postgres answers COMMIT with ROLLBACK after a failed statement, even when the work went on as if nothing had
  // happened.
  if (command !== "COMMIT") throw new Error("the transaction was aborted by a statement that failed in it");
}

async function inTransaction<T>(client: pg.PoolClient, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const tx = queryable(client);
  await tx.script("BEGIN");
  const result = await work(tx);
  await commit(client);
  return result;
}

async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

// In this order, so that the server itself ends a slow statement, and only a silent server is given up.
const DEADLINES_MS = { connect: 2_000, statement: 5_000, answer: 6_000 };

export function openPostgres(
  url: string,
  report: (error: Error) => void,
  deadlinesMs: Readonly<typeof DEADLINES_MS> = DEADLINES_MS,
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: deadlinesMs.connect,
    statement_timeout: deadlinesMs.statement,
    query_timeout: deadlinesMs.answer,
  });
  // A broken idle connection must not end the process: the next query gets a new one or fails by itself.
  pool.on("error", report);
  return {
    ...queryable(pool),
    async transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
      const client = await connect(pool);
      // pg emits the loss of a connection again on the client that is checked out.
      client.on("error", report);
      let broken = false;
      try {
        return await inTransaction(client, work);
      } catch (error) {
        // Closing the connection also rolls back, and does not wait for a server that has just failed to answer.
        broken = isShopError(error, "DatabaseUnavailable") || !(await rolledBack(client));
        throw error;
      } finally {
        client.off("error", report);
        client.release(broken);
      }
    },
    close: () => pool.end(),
  };
}
