// Owns the shop behind real edges, all of it real, in one process with the test: right, or built with one mistake.
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as after } from "node:timers/promises";
import { createShop } from "../../../origin-mock/app.ts";
import { loadAssets } from "../../../origin-mock/assets.ts";
import { demonstrationTokens } from "../../../origin-mock/auth/identify.ts";
import { createCacheAside, type CacheAside } from "../../../origin-mock/cache/cache-aside.ts";
import { createKeyBuilder } from "../../../origin-mock/cache/key.ts";
import { cacheCommands } from "../../../origin-mock/cache/redis.ts";
import { refreshCategoryTotals } from "../../../origin-mock/db/categories.ts";
import { openPglite } from "../../../origin-mock/db/pglite.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { createHandleEvents, createInvalidateFor, type HandleEvents } from "../../../origin-mock/events/handle.ts";
import { createRecorder } from "../../../origin-mock/events/recorder.ts";
import { startEvents } from "../../../origin-mock/events/start.ts";
import { openGateway } from "../../../origin-mock/gateway/gateway.ts";
import { LIMITS } from "../../../origin-mock/gateway/limits.ts";
import { gatewayCommands } from "../../../origin-mock/gateway/redis.ts";
import { createCdn } from "../../../origin-mock/invalidation/cdn.ts";
import type { ApplicationTier, GatewayTier, PurgeCdn } from "../../../origin-mock/invalidation/port.ts";
import { openRedis, type RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { createTiers, type Tiers } from "../../../origin-mock/tiers.ts";
import type { SiteInput } from "../../../src/policy/define.ts";
import { openFilled } from "../../origin-mock/support/databases.ts";
import { createTestRedis } from "../../origin-mock/support/redis.ts";
import { startOneEdge } from "./one-edge.ts";
import { type PurgeGate, startPurgeGate } from "./purge-gate.ts";
import { answering, type Mistake, renamed, restatePolicies, type TierName } from "./shop-mistakes.ts";
import { type Handler, serveOnSocket } from "./web-server.ts";

/** Of every edge in these tests. */
const EDGE_TOKEN = "e2e-token";

/** One running version of the shop. */
export interface Variant {
  readonly mistake?: Mistake;
  /** Called before each step of an invalidation, which waits for it. */
  readonly before?: (tier: TierName) => Promise<void>;
  /** This release's prefix of keys in Redis. */
  readonly names?: { readonly application: number; readonly gateway: number };
  /** How this release reads the database. */
  readonly reading?: (db: Database) => Database;
  /** How long the edge is given to take a purge, in the place of the shop's own limit. */
  readonly purgeWithinMs?: number;
}

export interface Instance {
  /** Asked without an edge. */
  readonly handle: Handler;
  readonly cache: CacheAside;
  readonly events: HandleEvents;
}

export interface ShopWorld {
  /** The first is the one that the shop purges. */
  readonly edges: readonly string[];
  readonly originUrl: string;
  readonly gate: PurgeGate;
  readonly db: Database;
  readonly redis: RedisConnection;
  open(variant?: Variant): Instance;
  /** It answers the edges, and handles what happens, from now on. */
  stand(instance: Instance): void;
  /** Both, with all caches empty and no earlier mistake left. */
  serve(variant?: Variant): Promise<Instance>;
  /** Resolves once the event has been handled. */
  handled(eventId: string): Promise<void>;
  close(): Promise<void>;
}

const quiet = (): void => undefined;
const monotonicMs = (): number => performance.now();
const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");

type Closing = <T extends { close(): Promise<unknown> }>(one: T) => T;

async function startSites(sites: readonly SiteInput[], origin: string, closing: Closing): Promise<readonly string[]> {
  const urls: string[] = [];
  for (const site of sites) urls.push(closing(await startOneEdge({ ...site, origins: { "*": origin } })).url);
  return urls;
}

async function openDependencies(closing: Closing) {
  const server = await createTestRedis();
  closing({ close: () => server.remove() });
  const db = closing(await openFilled({ kind: "pglite", open: openPglite }));
  const on = { ready: quiet, error: quiet };
  const connection = closing(await openRedis(server.url, on));
  // closed with the events
  const blocking = await openRedis(server.url, on);
  const gateway = openGateway(
    { limits: LIMITS, trustedHops: [], peerOf: () => "127.0.0.1" },
    {
      redis: gatewayCommands(connection),
      validate: demonstrationTokens,
      tokenSecret: undefined,
      randomHex,
      // Redis does not fail in these worlds: nothing is ever owed.
      payBehind: async () => undefined,
      report: quiet,
    },
  );
  return { db, connection, blocking, gateway, assets: await loadAssets() };
}

type Dependencies = Awaited<ReturnType<typeof openDependencies>>;
type Ports = { readonly application: ApplicationTier; readonly gateway: GatewayTier; readonly cdn: PurgeCdn };

/** Of the two calls that the application's step may make, before the first. */
function watched({ application, gateway, cdn }: Ports, before: (tier: TierName) => Promise<void>): Ports {
  return {
    application: {
      ...application,
      remove: (addresses) => before("application").then(() => application.remove(addresses)),
      bumpVersion: () => before("application").then(() => application.bumpVersion()),
    },
    gateway: { ...gateway, invalidate: (what) => before("gateway").then(() => gateway.invalidate(what)) },
    cdn: (tags, context) => before("cdn").then(() => cdn(tags, context)),
  };
}

function tiersOf(ports: Ports, db: Database, mistake: Mistake | undefined): Tiers {
  const refresh = { refreshCategoryTotals: () => refreshCategoryTotals(db) };
  const right = createTiers({ ...ports, ...refresh, monotonicMs, random: Math.random });
  if (mistake?.invalidation === undefined) return right;
  const parts = { invalidation: mistake.invalidation(right.invalidation), ...refresh };
  return { ...parts, handle: createHandleEvents(parts), invalidateFor: createInvalidateFor(parts) };
}

function openInstance(dependencies: Dependencies, wake: () => void, gateUrl: string, variant: Variant): Instance {
  const { connection, gateway, assets } = dependencies;
  const { mistake, names = { application: 1, gateway: 1 }, before = async () => undefined } = variant;
  const db = variant.reading?.(dependencies.db) ?? dependencies.db;
  const redis = cacheCommands(connection);
  const keys = createKeyBuilder({ prefix: "shop", version: names.application });
  const cache = createCacheAside({ redis, keys, random: Math.random, monotonicMs, report: quiet });
  const key = mistake?.gatewayKey;
  const gatewayCache = renamed(gateway.cache, (name, request) => `${names.gateway}:${key?.(request) ?? name}`);
  const limit = variant.purgeWithinMs === undefined ? {} : { timeoutMs: variant.purgeWithinMs };
  const cdn = createCdn({ edgeUrl: gateUrl, token: EDGE_TOKEN, ...limit });
  const tiers = tiersOf(watched({ application: cache, gateway: gatewayCache, cdn }, before), db, mistake);
  const recorder = createRecorder(wake);
  const app = createShop({
    db,
    redis,
    cache,
    gateway: { ...gateway, cache: gatewayCache },
    tiers,
    events: mistake?.events?.(recorder) ?? recorder,
    assets,
    nowMs: Date.now,
    monotonicMs,
    newId: randomUUID,
    randomHex,
    report: quiet,
  });
  const handle: Handler = async (asked) => {
    const request = (await mistake?.entering?.(asked)) ?? asked;
    const response = await answering(request, () => app.fetch(request));
    return mistake?.leaving?.(response, request) ?? response;
  };
  return { handle, cache, events: tiers.handle };
}

async function emptied(edgeUrl: string): Promise<void> {
  const response = await fetch(`${edgeUrl}/.strata/purge`, {
    method: "POST",
    headers: { authorization: `Bearer ${EDGE_TOKEN}` },
    body: JSON.stringify({ everything: true }),
  });
  if (!response.ok) throw new Error(`the purge was refused: ${String(response.status)}`);
}

async function startWorld(sites: readonly [SiteInput, ...SiteInput[]], closing: Closing) {
  let current: Instance | undefined;
  const standing = (): Instance => {
    if (current === undefined) throw new Error("no shop stands behind the edge");
    return current;
  };
  const server = closing(await serveOnSocket((request) => standing().handle(request)));
  const [opened, sitesUp] = await Promise.allSettled([
    openDependencies(closing),
    startSites(sites, server.url, closing),
  ]);
  // only now, so that what started beside a failure is closed with the rest
  if (opened.status === "rejected") throw opened.reason;
  if (sitesUp.status === "rejected") throw sitesUp.reason;
  const [dependencies, edges] = [opened.value, sitesUp.value];
  const gate = closing(await startPurgeGate(edges[0] ?? ""));
  const handlings = new Map<string, PromiseWithResolvers<void>>();
  const handling = (eventId: string): PromiseWithResolvers<void> => {
    const known = handlings.get(eventId) ?? Promise.withResolvers<void>();
    handlings.set(eventId, known);
    return known;
  };
  const running = closing(
    startEvents({
      ...dependencies,
      monotonicMs,
      pause: (ms, signal) => after(ms, undefined, { signal }).catch(quiet),
      random: Math.random,
      newId: randomUUID,
      report: quiet,
      async handle(events) {
        const outcomes = await standing().events(events);
        for (const [index, { eventId }] of events.entries()) {
          if (outcomes[index]?.status === "handled") handling(eventId).resolve();
        }
        return outcomes;
      },
    }),
  );
  const stand = (instance: Instance): void => void (current = instance);
  const open = (variant: Variant = {}): Instance => openInstance(dependencies, running.wake, gate.url, variant);
  const { db, connection: redis, gateway } = dependencies;
  const handled = (eventId: string): Promise<void> => handling(eventId).promise;
  const empty = async ({ cache }: Instance): Promise<void> => {
    await Promise.all([cache.bumpVersion(), gateway.cache.invalidate({ tags: [], everything: true })]);
    await Promise.all(edges.map(emptied));
  };
  return { edges, originUrl: server.url, gate, db, redis, open, stand, handled, empty };
}

/** One edge for each site. */
export async function startShopWorld(...sites: readonly SiteInput[]): Promise<ShopWorld> {
  const started: { close(): Promise<unknown> }[] = [];
  let restore = quiet;
  const close = async (): Promise<void> => {
    restore();
    const failures: unknown[] = [];
    // a part that does not close must not keep the others open
    for (const one of started.splice(0).toReversed()) {
      await one.close().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, "not everything closed");
  };
  const closing: Closing = (one) => {
    started.push({ close: () => one.close() });
    return one;
  };
  try {
    const [first = {}, ...others] = sites;
    const { empty, ...world } = await startWorld([first, ...others], closing);
    return {
      ...world,
      close,
      async serve(variant = {}) {
        restore();
        restore = restatePolicies(variant.mistake ?? {});
        const instance = world.open(variant);
        world.stand(instance);
        await empty(instance);
        return instance;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
