// Owns the wiring: the only file that knows concrete tiers, bindings and randomness. A worker of one's own mounts it in front of its routes.
// The bundler lays files out in the order of first import, and neighbours that resemble each other compress better: this order saves 0.8 KB.
import type { Edge, OriginSide, Purges } from "./flow/edge.ts";
import type { Delta } from "./purge/wire/records.ts";
import type { LogReader } from "./purge/reader/log-reader.ts";
import { DependencyError, SiteError } from "./error.ts";
import { edgeName } from "./http/message/cdn-loop.ts";
import { type App, createApp, type Mounted } from "./app.ts";
import { edgeBuilder } from "./flow/edge-builder.ts";
import { blobCache } from "./purge/colo/blob-cache.ts";
import { guarded } from "./tiers/guard.ts";
import { zlibCodings } from "./codings/zlib.ts";
import { tierStack } from "./tiers/stack.ts";
import { originId } from "./policy/origins.ts";
import type { PurgeLog } from "./purge/log/log.ts";
import { invalidations } from "./tiers/invalidations.ts";
import { tokenProblems, tokensOf } from "./auth/tokens.ts";
import { type Leases, leaseShard } from "./leases/leases.ts";
import { waitUntil } from "cloudflare:workers";
import { type Bounds, DEFAULT_BOUNDS } from "./flow/support/bounds.ts";
import { decodeDelta } from "./purge/wire/delta-codec.ts";
import { kvSnapshot } from "./purge/reader/kv-snapshot.ts";
import { coloCopy } from "./purge/colo/colo-copy.ts";
import { reportError } from "./observe/log.ts";
import type { CopyOptions } from "./purge/colo/copy-parts.ts";
import { type Site, withOrigin } from "./policy/define.ts";
import { type CacheLike, coloTier } from "./tiers/colo.ts";
import { kvTier } from "./tiers/kv.ts";
import { deadline, timeout } from "./base/deadline.ts";
import { asRead } from "./codings/automatic.ts";
import type { PurgeEntry, PurgeOutcome } from "./http/targets/purge-order.ts";
import { memoryTier } from "./tiers/memory.ts";
import { purgeReplica, type Replica } from "./purge/reader/replica.ts";

export interface StrataEnv {
  readonly STRATA_KV: KVNamespace;
  readonly STRATA_PURGE_LOG: DurableObjectNamespace<PurgeLog>;
  readonly STRATA_LEASES: DurableObjectNamespace<Leases>;
  /** Overrides the site's origin for every host. */
  readonly STRATA_ORIGIN?: string;
  /** The admin token, a secret. */
  readonly STRATA_TOKEN?: string;
  /** Further admin tokens with scopes, a secret: JSON as docs/operations.md tells. */
  readonly STRATA_TOKENS?: string;
  /** "development" accepts the default token. */
  readonly STRATA_ENV?: string;
  /** Separates the caches of several edges on one machine. */
  readonly STRATA_COLO?: string;
}

/** The application's own routes, in the place of the zone's origin; a Hono app is one. For the codings they may use see codings/automatic.ts. */
export interface Routes {
  fetch(request: Request, env: object): Response | Promise<Response>;
}

/**
 * The edge as what a worker exports. Called once per isolate, when its module is loaded.
 * @param routes what answers for hosts without an origin of their own; absent: the zone's origin.
 */
export function strata(site: Site, routes?: Routes): App {
  return boundedStrata(site, DEFAULT_BOUNDS, routes);
}

/** With waits of its own, for tests that would otherwise wait in real time. */
export function boundedStrata(site: Site, bounds: Bounds, routes?: Routes): App {
  const assemble = assembler(site, bounds, routes);
  let mounted: { readonly env: object; readonly parts: Mounted } | undefined;
  /** Bindings are the same object for the life of an isolate, so this is done once. */
  const mount = (env: object): Mounted => {
    if (mounted?.env !== env) mounted = { env, parts: assemble(env as StrataEnv) };
    return mounted.parts;
  };
  return createApp(mount, reportError);
}

/** Makes the parts that live as long as the isolate, whatever the bindings of a request. */
function assembler(site: Site, bounds: Bounds, routes: Routes | undefined): (env: StrataEnv) => Mounted {
  const now = (): number => Date.now();
  const memory = memoryTier({ ...site.memory, now });
  const random = (): number => Math.random();
  const parts = { ...bounds, now, timeout, random, report: reportError };
  const replica = purgeReplica(parts);
  const invalidated = invalidations();
  const tierDeadline = deadline(timeout, bounds.waitMs);
  const build = edgeBuilder({
    clock: { now, timeout },
    random,
    ids: { uuid: () => crypto.randomUUID(), hex: randomHex },
    bounds,
    codings: zlibCodings,
    report: reportError,
  });

  function edgeOf(env: StrataEnv): Edge {
    const lower = [coloTier(openColo(env), site.memory.bodyBytes), kvTier(env.STRATA_KV, site.global)];
    const served = withOrigin(site, env.STRATA_ORIGIN, env.STRATA_ENV === "development" ? [] : undefined);
    return build({
      name: nameOf(env, served),
      site: served,
      stack: tierStack(
        memory,
        lower.map((tier) => guarded(tier, tierDeadline, reportError)),
        invalidated,
        site.memory.bodyBytes,
        () => timeout(random() * bounds.pauseMs).passed,
      ),
      purges: purgesOf(env, replica, readerOf(env, site, parts), site.maxLagMs, bounds.confirmMs),
      leases: (hash) => env.STRATA_LEASES.getByName(leaseShard(hash)),
      fetch: fetchFrom(env, served, routes),
    });
  }

  return (env) => {
    for (const problem of tokenProblems(env.STRATA_TOKENS)) reportError(new DependencyError("tokens", problem));
    return {
      edge: edgeOf(env),
      tokens: tokensOf({
        token: env.STRATA_TOKEN,
        named: env.STRATA_TOKENS,
        isDevelopment: env.STRATA_ENV === "development",
      }),
    };
  };
}

function randomHex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The log as the flow sees it: this isolate's replica, fed by the colo's reader and by the purges it takes itself. */
function purgesOf(env: StrataEnv, replica: Replica, reader: LogReader, boundMs: number, confirmMs: number): Purges {
  const inTime = deadline(timeout, confirmMs);

  return {
    ...replica,
    purge(order) {
      const purged = async (): Promise<PurgeOutcome> => {
        // an isolate that knows nothing lacks the whole log: the colo's copy has it, and each purge's answer would
        if (!replica.cursor()) await replica.ensure(reader, boundMs, waitUntil);
        const ticket = replica.ticket();
        const sentAtMs = Date.now();
        const { outcome, delta: bytes } = await logOf(env).purge({ order, since: replica.cursor() });
        // the log has it: an answer that says nothing of use here must not fail the receipt, nor be overlooked
        const delta = readDelta(bytes);
        if (!delta) reportError(new DependencyError("purge log", "answered a purge in an unknown format"));
        // also where it comes too late for the receipt
        if (!delta || !replica.apply({ delta, sentAtMs }, ticket)) replica.doubt();
        return outcome;
      };
      return inTime(purged());
    },
    history: (...page) => inTime(pageOf(env, ...page)),
    ensure: (maxLagMs, background) => replica.ensure(reader, maxLagMs, background),
  };
}

async function pageOf(env: StrataEnv, ...page: Parameters<Purges["history"]>): Promise<readonly PurgeEntry[]> {
  return logOf(env).history(...page);
}

/** `undefined` where a log of another version has answered. */
function readDelta(answer: unknown): Delta | undefined {
  return answer instanceof Uint8Array ? decodeDelta(answer) : undefined;
}

/** @throws DependencyError where a log of another version answers. */
function decoded(answer: unknown): Delta {
  const delta = readDelta(answer);
  if (!delta) throw new DependencyError("purge log", "answered in an unknown format");
  return delta;
}

/**
 * The edges of one deployment share log and origins, so a loop through any of them is one. The origins tell apart two deployments whose logs
 * have one id, as those of two local checkouts do: one in front of the other has another origin than that.
 */
function nameOf(env: StrataEnv, { origins }: Site): string {
  const behind = [...origins].map(([host, origin]) => [host, originId(origin)]);
  return edgeName(JSON.stringify([env.STRATA_PURGE_LOG.idFromName("log").toString(), behind]));
}

/** A stub belongs to the request that made it. */
function logOf(env: StrataEnv): DurableObjectStub<PurgeLog> {
  return env.STRATA_PURGE_LOG.getByName("log");
}

/** The log as this colo reads it. */
function readerOf(env: StrataEnv, site: Site, options: Omit<CopyOptions, "blobs">): LogReader {
  const log: LogReader = {
    async since(cursor) {
      const sentAtMs = options.now();
      return { delta: decoded(await logOf(env).since(cursor)), sentAtMs };
    },
    fallbacks: [kvSnapshot(env.STRATA_KV)],
  };
  const blobs = blobCache(openColo(env), copyUrl(env, site));
  return coloCopy(log, { ...options, blobs });
}

function openColo(env: StrataEnv): () => Promise<CacheLike> {
  return () => caches.open(`strata-${env.STRATA_COLO ?? "colo"}`);
}

/** Where the colo's copy of the log lies: under a host of the site, and a name that no other deployment's log has. */
function copyUrl(env: StrataEnv, { origins }: Site): string {
  const host = [...origins.keys()].find((each) => each !== "*") ?? "strata.invalid";
  return `https://${host}/.strata/purge-log/${env.STRATA_PURGE_LOG.idFromName("log").toString()}`;
}

const AS_SENT = { encodeResponseBody: "manual" } as const;

/** @throws SiteError naming every service that is not bound. */
function fetchFrom(env: StrataEnv, { origins }: Site, routes: Routes | undefined): OriginSide["fetch"] {
  const missing = [...origins].flatMap(([host, origin]) => {
    const isMissing = origin.kind === "service" && !serviceOf(env, origin.binding);
    return isMissing ? [`origins.${host}.service: nothing is bound as ${origin.binding} (see wrangler.toml)`] : [];
  });
  if (missing.length > 0) throw new SiteError(missing);
  return async (request, origin) => {
    const service = origin?.kind === "service" ? serviceOf(env, origin.binding) : undefined;
    // bodies as the origin sent them: their header section must describe the stored bytes
    if (service) return service.fetch(request, AS_SENT);
    return origin || !routes ? fetch(request, AS_SENT) : asRead(await routes.fetch(request, env));
  };
}

function serviceOf(env: object, binding: string): Fetcher | undefined {
  const bound: unknown = Reflect.get(env, binding);
  return isFetcher(bound) ? bound : undefined;
}

function isFetcher(bound: unknown): bound is Fetcher {
  return typeof bound === "object" && bound !== null && "fetch" in bound && typeof bound.fetch === "function";
}
