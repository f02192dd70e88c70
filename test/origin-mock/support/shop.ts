// Owns a whole shop for one test file: real Redis, a real database, a fake edge, requests without sockets.
import { createShop } from "../../../origin-mock/app.ts";
import { loadAssets } from "../../../origin-mock/assets.ts";
import type { Assets } from "../../../origin-mock/assets.ts";
import { demonstrationTokens } from "../../../origin-mock/auth/identify.ts";
import { createCacheAside } from "../../../origin-mock/cache/cache-aside.ts";
import type { RedisPort } from "../../../origin-mock/cache/port.ts";
import { cacheCommands } from "../../../origin-mock/cache/redis.ts";
import { openGateway } from "../../../origin-mock/gateway/gateway.ts";
import { LIMITS } from "../../../origin-mock/gateway/limits.ts";
import { gatewayCommands } from "../../../origin-mock/gateway/redis.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { refreshCategoryTotals } from "../../../origin-mock/db/categories.ts";
import { migrate } from "../../../origin-mock/db/migrate.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { seed } from "../../../origin-mock/db/seed.ts";
import { createRecorder } from "../../../origin-mock/events/recorder.ts";
import { createCdn } from "../../../origin-mock/invalidation/cdn.ts";
import { createTiers } from "../../../origin-mock/tiers.ts";
import type { DatabaseKind } from "./databases.ts";
import { createFakeEdge } from "./edge.ts";
import type { FakeEdge } from "./edge.ts";
import { openEvents } from "./events.ts";
import { createTestRedis } from "./redis.ts";
import type { TestRedis } from "./redis.ts";

export const NOW_MS = Date.UTC(2026, 9, 1, 12, 0, 0, 500);

export type TestShop = {
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
  readonly db: Database;
  readonly redis: RedisPort;
  readonly server: TestRedis;
  readonly edge: FakeEdge;
  readonly assets: Assets;
  /** Relays and handles what happened, until nothing waits but what failed. */
  handleEvents(): Promise<void>;
  close(): Promise<void>;
};

/** For Redis: longer than the shop has, since a busy machine is no hanging server. */
const PATIENCE_MS = 2_000;

export const openTestShop = async (database: DatabaseKind): Promise<TestShop> => {
  const [server, edge, db, assets] = await Promise.all([
    createTestRedis(),
    createFakeEdge(),
    database.open(),
    loadAssets(),
  ]);
  await migrate(db);
  await seed(db);
  const quiet = (): void => undefined;
  const opened = await openRedis(server.url, { ready: quiet, error: quiet });
  const connection: RedisConnection = {
    ...opened,
    run: (work, withinMs = PATIENCE_MS) => opened.run(work, withinMs),
  };
  const redis = cacheCommands(connection);
  const monotonicMs = (): number => performance.now();
  const randomHex = (bytes: number): string => "ab".repeat(bytes);
  // All requests of a test are one client's, and some sign in and order more often than one may.
  const often = { quota: 1_000, windowSeconds: 60 };
  // A slow machine takes seconds over thirty passwords: none of them is forgiven meanwhile.
  const guess = { ...LIMITS.guess, windowSeconds: 3_600 };
  const limits = { ...LIMITS, login: often, checkout: often, guess };
  const cache = createCacheAside({ redis, random: () => 0, monotonicMs, report: quiet });
  const gateway = openGateway(
    { limits, trustedHops: [], peerOf: () => "192.0.2.1" },
    {
      redis: gatewayCommands(connection),
      validate: demonstrationTokens,
      tokenSecret: undefined,
      randomHex,
      payBehind: cache.pay,
      report: quiet,
    },
  );
  let ids = 0;
  const tiers = createTiers({
    application: cache,
    gateway: gateway.cache,
    cdn: createCdn({ edgeUrl: edge.url, token: "dev-token" }),
    refreshCategoryTotals: () => refreshCategoryTotals(db),
    monotonicMs,
    random: () => 0,
  });
  const app = createShop({
    db,
    redis,
    cache,
    gateway,
    tiers,
    events: createRecorder(quiet),
    assets,
    nowMs: () => NOW_MS,
    monotonicMs,
    newId: () => `made-${(ids += 1)}`,
    randomHex,
    report: quiet,
  });
  return {
    request: async (path, init) => app.request(path, init),
    db,
    redis,
    server,
    edge,
    assets,
    handleEvents: openEvents({ db, connection, handle: tiers.handle }).settle,
    async close() {
      await connection.close();
      await Promise.all([server.remove(), edge.close(), db.close()]);
    },
  };
};

export const ADMIN = { Authorization: "Bearer admin-token", "Content-Type": "application/json" };

export const json = async (response: Response): Promise<Record<string, unknown>> => {
  const body: unknown = await response.json();
  if (typeof body !== "object" || body === null) throw new Error("the body is not an object");
  return Object.fromEntries(Object.entries(body));
};
