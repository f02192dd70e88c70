// Owns the whole shop for one fault test: Redis, a database, the shop as a process, two edges in front, and what a test may break of it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Edges, type EdgesOptions, startEdges } from "../../../../cli/dev/edges.ts";
import { freePort } from "../../../../cli/dev/ports.ts";
import { findPostgresBinaries } from "../../../origin-mock/support/postgres-binaries.ts";
import { createTestPostgres, type TestPostgres } from "../../../origin-mock/support/postgres.ts";
import { createTestRedis, type TestRedis } from "../../../origin-mock/support/redis.ts";
import { type ShopProcess, startShopProcess } from "./shop-process.ts";
import { startValve, type Valve } from "./valve.ts";

export const TOKEN = "faults-token";
export const ADMIN = { authorization: "Bearer admin-token", "content-type": "application/json" } as const;

export interface World {
  readonly redis: TestRedis;
  /** Between the shop and Redis. */
  readonly redisWire: Valve;
  /** Undefined where this machine has none: the shop's database is then embedded, in a folder, and dies with its process. */
  readonly postgres: TestPostgres | undefined;
  readonly shop: ShopProcess;
  /** Between the shop and the edge that takes its purges. */
  readonly purgeWire: Valve;
  readonly edgeUrls: readonly string[];
  /** All of them: their storage stays, on disk. */
  stopEdges(): Promise<void>;
  startEdges(): Promise<void>;
  /** Another shop on the same Redis and database; only with Postgres. */
  startSecondShop(): Promise<ShopProcess>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly edges?: Partial<Pick<EdgesOptions, "namedTokens">>;
  readonly shop?: Readonly<Record<string, string>>;
  /** Valves between edges and shop, in turn for each shop. */
  readonly shops?: readonly number[];
  readonly redis?: Parameters<typeof createTestRedis>[0];
}

export const hasPostgres = findPostgresBinaries() !== undefined;

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const stops: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const stop of stops.splice(0).toReversed()) await stop().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, "not everything closed");
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), "strata-faults-"));
    stops.push(() => rm(folder, { recursive: true, force: true }));
    const [redis, postgres] = await Promise.all([createTestRedis(options.redis), openPostgres()]);
    stops.push(redis.remove, async () => postgres?.remove());
    const redisWire = await startValve([Number(new URL(redis.url).port)]);
    stops.push(redisWire.close);
    const shopPort = await freePort("127.0.0.1");
    const frontDoor = await startValve([shopPort, ...(options.shops ?? [])]);
    stops.push(frontDoor.close);

    const edgesPort = await freePort("127.0.0.1");
    const origin = `http://127.0.0.1:${String(frontDoor.port)}`;
    const persist = join(folder, "edges");
    const log = (): void => undefined;
    const launch = (): Promise<Edges> =>
      startEdges({ count: 2, port: edgesPort, origin, token: TOKEN, persist, log, ...options.edges });
    let edges: Edges | undefined = await launch();
    const edgeUrls = edges.urls;
    const stopEdges = async (): Promise<void> => {
      await edges?.close();
      edges = undefined;
    };
    stops.push(stopEdges);
    const purgeWire = await startValve([edgesPort]);
    stops.push(purgeWire.close);

    const settings = {
      REDIS_URL: `redis://127.0.0.1:${String(redisWire.port)}`,
      DATABASE_URL: postgres?.url ?? pathToFileURL(join(folder, "database")).href,
      STRATA_EDGE_URL: `http://127.0.0.1:${String(purgeWire.port)}`,
      STRATA_TOKEN: TOKEN,
      ...options.shop,
    };
    const shop = await startShopProcess(shopPort, settings);
    stops.push(shop.stop);
    return {
      redis,
      redisWire,
      postgres,
      shop,
      purgeWire,
      edgeUrls,
      stopEdges,
      async startEdges() {
        edges = await launch();
      },
      async startSecondShop() {
        const [port] = options.shops ?? [];
        if (port === undefined) throw new Error("the world has no place for a second shop");
        const second = await startShopProcess(port, settings);
        stops.push(second.stop);
        return second;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openPostgres(): Promise<TestPostgres | undefined> {
  const binaries = findPostgresBinaries();
  return binaries === undefined ? undefined : createTestPostgres(binaries);
}
