// Owns the shop as a process: opens the dependencies, listens, and closes everything again.
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { createShop } from "./app.ts";
import { loadAssets } from "./assets.ts";
import { createCacheAside } from "./cache/cache-aside.ts";
import { cacheCommands } from "./cache/redis.ts";
import { migrate } from "./db/migrate.ts";
import { openPglite } from "./db/pglite.ts";
import { openPostgres } from "./db/postgres.ts";
import type { Database } from "./db/port.ts";
import { seed } from "./db/seed.ts";
import { messageOf } from "./error.ts";
import { createCdn } from "./invalidation/cdn.ts";
import { openRedis } from "./redis/connection.ts";

export type ShopOptions = {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
  readonly redisUrl: string;
  /** Without it the database is embedded and in memory. */
  readonly databaseUrl?: string;
  /** Without it updates skip the purge of the edge. */
  readonly edgeUrl?: string;
  readonly token?: string;
};
export type RunningShop = { readonly url: string; close(): Promise<void> };

const report = (what: string, error: unknown): void => {
  process.stderr.write(`shop: ${what}: ${messageOf(error)}\n`);
};

/** A dead server is reported when it dies, not once per request. */
const reportChanges = (): ((what: string, error: unknown) => void) => {
  let last = "";
  return (what, error) => {
    const line = `${what}: ${messageOf(error)}`;
    if (line !== last) report(what, error);
    last = line;
  };
};

const openDatabase = async (url: string | undefined): Promise<Database> => {
  const db = url === undefined ? await openPglite() : openPostgres(url, (error) => report("postgres", error));
  try {
    await migrate(db);
    await seed(db);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
};

const openDependencies = async (options: ShopOptions) => {
  const reportRedis = reportChanges();
  const db = await openDatabase(options.databaseUrl);
  let onReady = (): void => undefined;
  const connection = await openRedis(options.redisUrl, {
    ready: () => onReady(),
    error: (error) => reportRedis("redis", error),
  });
  const redis = cacheCommands(connection);
  const monotonicMs = (): number => performance.now();
  const cache = createCacheAside({ redis, random: Math.random, monotonicMs, report: reportRedis });
  // Other instances may read what this one could not delete: do not wait for the next read.
  onReady = () => void cache.settle();
  onReady();
  return { db, connection, redis, cache, monotonicMs };
};

const listen = async (server: ReturnType<typeof createAdaptorServer>, port: number, host: string): Promise<string> => {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    if (taken) throw new Error(`port ${port} on ${host} is already in use; choose another one`, { cause: error });
    throw error;
  }
  const address: AddressInfo | string | null = server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  return `http://${host.includes(":") ? `[${host}]` : host}:${actual}`;
};

/** @throws when the port is taken or the database cannot be opened; Redis may come later. */
export const startShop = async (options: ShopOptions): Promise<RunningShop> => {
  const { db, connection, redis, cache, monotonicMs } = await openDependencies(options);
  const app = createShop({
    db,
    redis,
    cache,
    monotonicMs,
    purgeCdn: createCdn({ edgeUrl: options.edgeUrl, token: options.token }),
    assets: await loadAssets(),
    nowMs: Date.now,
    newId: randomUUID,
    randomHex: (bytes) => randomBytes(bytes).toString("hex"),
    report: reportChanges(),
  });
  const server = createAdaptorServer({ fetch: app.fetch });
  const closeDependencies = async (): Promise<void> => {
    await Promise.all([connection.close(), db.close()]);
  };
  try {
    const url = await listen(server, options.port, options.host ?? "127.0.0.1");
    return {
      url,
      async close() {
        const closed = once(server, "close");
        server.close();
        if ("closeIdleConnections" in server) server.closeIdleConnections();
        await closed;
        await closeDependencies();
      },
    };
  } catch (error) {
    await closeDependencies();
    throw error;
  }
};

const optionsFromEnvironment = (env: NodeJS.ProcessEnv): ShopOptions => {
  const text = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const redisUrl = text("REDIS_URL");
  if (redisUrl === undefined) throw new Error("REDIS_URL is not set, for example redis://127.0.0.1:6379");
  const port = Number(text("PORT") ?? "8788");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error("PORT must be a number from 0 to 65535");
  const [host, databaseUrl] = [text("HOST"), text("DATABASE_URL")];
  const [edgeUrl, token] = [text("STRATA_EDGE_URL"), text("STRATA_TOKEN")];
  return {
    port,
    redisUrl,
    ...(host === undefined ? {} : { host }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(edgeUrl === undefined ? {} : { edgeUrl }),
    ...(token === undefined ? {} : { token }),
  };
};

const main = async (): Promise<void> => {
  const shop = await startShop(optionsFromEnvironment(process.env));
  let closing = false;
  const stop = (): void => {
    if (closing) return;
    closing = true;
    shop.close().catch((error: unknown) => {
      report("close", error);
      process.exitCode = 1;
    });
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  // Last: whoever reads it may send a signal at once.
  process.stdout.write(`shop ready url=${shop.url}\n`);
};

if (import.meta.main) {
  main().catch((error: unknown) => {
    report("start", error);
    process.exitCode = 1;
  });
}
