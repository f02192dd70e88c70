// Owns the shop as a process: opens the dependencies, listens, and closes everything again.
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { getRequestListener } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import * as v from "valibot";
import { createShop } from "./app.ts";
import { loadAssets } from "./assets.ts";
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
import { check } from "./schema.ts";
import { createTiers } from "./tiers.ts";

export interface ShopOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host?: string | undefined;
  readonly redisUrl: string;
  /** A Postgres server, or `file:///FOLDER` for an embedded database that stays; without it, one in memory. */
  readonly databaseUrl?: string | undefined;
  /** Without it updates skip the purge of the edge. */
  readonly edgeUrl?: string | undefined;
  readonly token?: string | undefined;
  /** Addresses whose X-Forwarded-For is believed when requests are counted: the edge's. */
  readonly trustedHops?: readonly string[] | undefined;
  /** Makes what Redis keeps of bearer tokens useless elsewhere. */
  readonly tokenSecret?: string | undefined;
}
export interface RunningShop {
  readonly url: string;
  close(): Promise<void>;
}

/** Longer than a change waits for the edge (`Prefer: wait`), or the database is waited for. */
const LONGEST_ANSWER_MS = 12_000;

function report(what: string, error: unknown): void {
  process.stderr.write(`${logLine(what, error)}\n`);
}

type Report = (what: string, error: unknown) => void;

/** A dead server is reported when it dies, not once per request. */
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

/** The same for a few loops, each by itself: taking turns they would all be news. */
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
  // Other instances may read what this one could not delete: do not wait for the next read.
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

/** @throws when the port is taken or the database cannot be opened; Redis may come later. */
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

const PORT = "must be a number from 0 to 65535";
const url = v.exactOptional(v.pipe(v.string(), v.url("must be a URL")));
const ENVIRONMENT = {
  REDIS_URL: v.pipe(v.string("is not set, for example redis://127.0.0.1:6379"), v.url("must be a URL")),
  DATABASE_URL: url,
  STRATA_EDGE_URL: url,
  STRATA_TOKEN: v.exactOptional(v.string()),
  HOST: v.exactOptional(v.string()),
  PORT: v.exactOptional(
    v.pipe(v.string(), v.regex(/^\d{1,5}$/, PORT), v.transform(Number), v.maxValue(65_535, PORT)),
    "8788",
  ),
  TRUSTED_HOPS: v.exactOptional(
    v.pipe(
      v.string(),
      v.transform((hops) => hops.split(",").map((hop) => hop.trim())),
    ),
  ),
  TOKEN_SECRET: v.exactOptional(v.string()),
};

/** An empty variable counts as one that is not set. @throws naming every variable that is wrong. */
function optionsFromEnvironment(env: NodeJS.ProcessEnv): ShopOptions {
  const checked = check(ENVIRONMENT, Object.fromEntries(Object.entries(env).filter(([, text]) => text !== "")));
  if (!checked.ok) throw new Error(checked.faults.map(({ at, detail }) => `${at.slice(1)} ${detail}`).join("; "));
  const { REDIS_URL, DATABASE_URL, STRATA_EDGE_URL, STRATA_TOKEN, HOST, ...others } = checked.value;
  return {
    port: others.PORT,
    host: HOST,
    redisUrl: REDIS_URL,
    databaseUrl: DATABASE_URL,
    edgeUrl: STRATA_EDGE_URL,
    token: STRATA_TOKEN,
    trustedHops: others.TRUSTED_HOPS,
    tokenSecret: others.TOKEN_SECRET,
  };
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
  // Last: whoever reads it may send a signal at once.
  process.stdout.write(`shop ready url=${shop.url}\n`);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    report("start", error);
    process.exitCode = 1;
  });
}
