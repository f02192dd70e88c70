// Owns the shop as a process: opens the dependencies, listens, and closes everything again.
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { getRequestListener } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { createShop } from "./app.ts";
import { loadAssets } from "./assets.ts";
import { optionsFromEnvironment, type ShopOptions } from "./environment.ts";
import { demonstrationTokens } from "./auth/identify.ts";
import { createCacheAside } from "./cache/cache-aside.ts";
import { cacheCommands } from "./cache/redis.ts";
import { refreshCategoryTotals } from "./db/categories.ts";
import { migrate } from "./db/migrate.ts";
import { openPglite } from "./db/pglite.ts";
import { openPostgres } from "./db/postgres.ts";
import type { Database } from "./db/port.ts";
import { seed } from "./db/seed.ts";
import { messageOf } from "./error.ts";
import { openGateway } from "./gateway/gateway.ts";
import { LIMITS } from "./gateway/limits.ts";
import { gatewayCommands } from "./gateway/redis.ts";
import type { Pause } from "./events/forever.ts";
import { createRecorder } from "./events/recorder.ts";
import { startEvents } from "./events/start.ts";
import { drain } from "./http/drain.ts";
import { createCdn } from "./invalidation/cdn.ts";
import { logLine } from "./log.ts";
import { openRedis } from "./redis/connection.ts";
import { createTiers } from "./tiers.ts";

export type { ShopOptions };
export interface RunningShop {
  readonly url: string;
  close(): Promise<void>;
}

/** Longer than a change waits for the edge (`Prefer: wait`), and longer than a query waits for the database. */
const LONGEST_ANSWER_MS = 12_000;

function report(what: string, error: unknown): void {
  process.stderr.write(`${logLine(what, error)}\n`);
}

type Report = (what: string, error: unknown) => void;

/** Reports a dead server when it dies, not once per request. */
function reportChanges(): Report {
  let last = "";
  return (what, error) => {
    const line = `${what}: ${messageOf(error)}`;
    if (line !== last) report(what, error);
    last = line;
  };
}

function randomHex(bytes: number): string {
  return randomBytes(bytes).toString("hex");
}

async function connectDatabase(url: string | undefined): Promise<Database> {
  if (url === undefined) return openPglite();
  if (url.startsWith("file:")) return openPglite(fileURLToPath(url));
  return openPostgres(url, (error) => report("postgres", error));
}

/** Reports the changes of each loop by itself, because loops that take turns would always look new. */
function reportChangesOfEach(): Report {
  const reports = new Map<string, Report>();
  return (what, error) => {
    const known = reports.get(what) ?? reportChanges();
    reports.set(what, known);
    known(what, error);
  };
}

async function openDatabase(url: string | undefined): Promise<Database> {
  const db = await connectDatabase(url);
  try {
    await migrate(db);
    await seed(db);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function openDependencies(options: ShopOptions) {
  const reportRedis = reportChanges();
  const db = await openDatabase(options.databaseUrl);
  const whenReady: (() => void)[] = [];
  const ready = (): void => {
    for (const act of whenReady) act();
  };
  const error = (what: Error): void => reportRedis("redis", what);
  const [connection, blocking] = await Promise.all([
    openRedis(options.redisUrl, { ready, error }),
    openRedis(options.redisUrl, { ready: () => undefined, error }),
  ]);
  const redis = cacheCommands(connection);
  const monotonicMs = (): number => performance.now();
  const cache = createCacheAside({ redis, random: Math.random, monotonicMs, report: reportRedis });
  const gateway = openGateway(
    {
      limits: LIMITS,
      trustedHops: options.trustedHops ?? [],
      peerOf: (c) => getConnInfo(c).remote.address,
    },
    {
      redis: gatewayCommands(connection),
      validate: demonstrationTokens,
      tokenSecret: options.tokenSecret,
      randomHex,
      payBehind: cache.pay,
      report: reportRedis,
    },
  );
  // Pays at once, because other instances may still read what this one could not delete.
  whenReady.push(
    () => void cache.settle(),
    () => void gateway.cache.settle(),
  );
  ready();
  return { db, connection, blocking, redis, cache, gateway, monotonicMs, whenReady };
}

type Dependencies = Awaited<ReturnType<typeof openDependencies>>;

function openTiers({ edgeUrl, token }: ShopOptions, { db, cache, gateway, monotonicMs }: Dependencies) {
  return createTiers({
    application: cache,
    gateway: gateway.cache,
    cdn: edgeUrl === undefined ? undefined : createCdn({ edgeUrl, token }),
    refreshCategoryTotals: () => refreshCategoryTotals(db),
    monotonicMs,
    random: Math.random,
  });
}

const pause: Pause = (ms, signal) => after(ms, undefined, { signal }).catch(() => undefined);

async function listen(server: Server, port: number, host: string): Promise<string> {
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
}

/** @throws when the port is taken or the database cannot be opened. Redis may come later. */
export async function startShop(options: ShopOptions): Promise<RunningShop> {
  const assets = await loadAssets();
  const dependencies = await openDependencies(options);
  const { db, connection, redis, cache, gateway, monotonicMs } = dependencies;
  const tiers = openTiers(options, dependencies);
  const running = startEvents({
    ...dependencies,
    handle: tiers.handle,
    pause,
    random: Math.random,
    newId: randomUUID,
    report: reportChangesOfEach(),
  });
  dependencies.whenReady.push(running.reconnected);
  const app = createShop({
    db,
    redis,
    cache,
    gateway,
    monotonicMs,
    tiers,
    events: createRecorder(running.wake),
    assets,
    nowMs: Date.now,
    newId: randomUUID,
    randomHex,
    report: reportChanges(),
  });
  const listener = getRequestListener(app.fetch);
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  const closeDependencies = async (): Promise<void> => {
    await running.close();
    await Promise.all([connection.close(), db.close()]);
  };
  try {
    const url = await listen(server, options.port, options.host ?? "127.0.0.1");
    return {
      url,
      async close() {
        await drain(server, LONGEST_ANSWER_MS);
        await closeDependencies();
      },
    };
  } catch (error) {
    await closeDependencies();
    throw error;
  }
}

async function main(): Promise<void> {
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
  // Written last, because its reader may send a signal at once.
  process.stdout.write(`shop ready url=${shop.url}\n`);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    report("start", error);
    process.exitCode = 1;
  });
}
