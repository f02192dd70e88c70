// Owns the wiring: the only file that knows concrete tiers, bindings and randomness. A worker of one's own mounts it in front of its routes.
import { type App, createApp, type Mounted } from "./app.ts";
import { type Leases, leaseShard } from "./collapse/leases.ts";
import { SiteError } from "./error.ts";
import { asRead } from "./codings/automatic.ts";
import { zlibCodings } from "./codings/zlib.ts";
import { breakers } from "./flow/breaker.ts";
import type { Edge, Purge } from "./flow/exchange.ts";
import { flights } from "./flow/flights.ts";
import { keyMarks } from "./flow/key-marks.ts";
import { deadline, timeout } from "./flow/timeout.ts";
import { reportError } from "./observe/log.ts";
import { type Site, withOrigin } from "./policy/define.ts";
import type { PurgeLog } from "./purge/log.ts";
import { type LogReader, purgeReplica } from "./purge/replica.ts";
import { type CacheLike, coloTier } from "./tiers/colo.ts";
import { guarded } from "./tiers/guard.ts";
import { invalidations } from "./tiers/invalidations.ts";
import { kvTier } from "./tiers/kv.ts";
import { memoryTier } from "./tiers/memory.ts";
import { tierStack } from "./tiers/stack.ts";

export interface StrataEnv {
  readonly STRATA_KV: KVNamespace;
  readonly STRATA_PURGE_LOG: DurableObjectNamespace<PurgeLog>;
  readonly STRATA_LEASES: DurableObjectNamespace<Leases>;
  /** Overrides the site's origin for every host. */
  readonly STRATA_ORIGIN?: string;
  /** The admin token, a secret. */
  readonly STRATA_TOKEN?: string;
  /** "development" accepts the default token. */
  readonly STRATA_ENV?: string;
  /** Separates the caches of several edges on one machine. */
  readonly STRATA_COLO?: string;
}

/** The application's own routes, in the place of the zone's origin; a Hono app is one. What they may encode: see codings/automatic.ts. */
export interface Routes {
  fetch(request: Request, env: object): Response | Promise<Response>;
}

/** How long a request waits for a tier or for the purge log, milliseconds. */
const TIER_TIMEOUT_MS = 1000;
const LOG_WAIT_MS = 1000;
/** The longest pause before a look and a write to KV, milliseconds: spread edges that miss at the same time. */
const MAX_PAUSE_MS = 250;

/**
 * The edge as what a worker exports. Called once per isolate, when its module is loaded.
 * @param routes what answers for hosts without an origin of their own; absent: the zone's origin.
 */
export function strata(site: Site, routes?: Routes): App {
  const assemble = assembler(site, routes);
  let mounted: { readonly env: object; readonly parts: Mounted } | undefined;
  /** Bindings are the same object for the life of an isolate, so this is done once. */
  const mount = (env: object): Mounted => {
    if (mounted?.env !== env) mounted = { env, parts: assemble(env as StrataEnv) };
    return mounted.parts;
  };
  return createApp(mount, reportError);
}

/** What an isolate keeps is made here, whatever the bindings of a request. */
function assembler(site: Site, routes: Routes | undefined): (env: StrataEnv) => Mounted {
  const now = (): number => Date.now();
  const memory = memoryTier({ ...site.memory, now });
  const replica = purgeReplica({ now, waitMs: LOG_WAIT_MS, report: reportError });
  const invalidated = invalidations();
  const tierDeadline = deadline(timeout, TIER_TIMEOUT_MS);
  const pause = (): Promise<void> => timeout(Math.random() * MAX_PAUSE_MS).passed;
  const kept = {
    codings: zlibCodings,
    now,
    timeout,
    refreshing: keyMarks(now),
    flights: flights(now),
    unstorable: keyMarks(now),
    resting: keyMarks(now),
    breakers: breakers({ now, random: () => Math.random() }),
    report: reportError,
  };

  function edgeOf(env: StrataEnv, reader: LogReader, purge: Purge): Edge {
    const openColo = (): Promise<CacheLike> => caches.open(`strata-${env.STRATA_COLO ?? "colo"}`);
    const lower = [coloTier(openColo, site.memory.bodyBytes), kvTier(env.STRATA_KV, site.global)];
    const served = withOrigin(site, env.STRATA_ORIGIN);
    return {
      ...kept,
      site: served,
      stack: tierStack(
        memory,
        lower.map((tier) => guarded(tier, tierDeadline, reportError)),
        invalidated,
        site.memory.bodyBytes,
        pause,
      ),
      purges: { ...replica, purge, ensure: (maxLagMs, background) => replica.ensure(reader, maxLagMs, background) },
      leases: (hash) => env.STRATA_LEASES.getByName(leaseShard(hash)),
      fetch: fetchFrom(env, served, routes),
    };
  }

  return (env) => {
    // a stub belongs to the request that made it
    const log = () => env.STRATA_PURGE_LOG.getByName("log");
    const purge: Purge = async (targets, mode) => {
      const askedAtMs = now();
      const { seq, delta } = await log().purge({ targets, mode, since: replica.cursor() });
      replica.apply(delta, askedAtMs);
      return seq;
    };
    return {
      edge: edgeOf(env, { since: (cursor) => log().since(cursor) }, purge),
      token: env.STRATA_TOKEN,
      isDevelopment: env.STRATA_ENV === "development",
    };
  };
}

const AS_SENT = { encodeResponseBody: "manual" } as const;

/** @throws SiteError naming every service that is not bound. */
function fetchFrom(env: StrataEnv, { origins }: Site, routes: Routes | undefined): Edge["fetch"] {
  const missing = [...origins].flatMap(([host, origin]) => {
    const isMissing = origin.kind === "service" && !serviceOf(env, origin.binding);
    return isMissing ? [`origins.${host}.service: nothing is bound as ${origin.binding} (see wrangler.toml)`] : [];
  });
  if (missing.length > 0) throw new SiteError(missing);
  return async (request, origin) => {
    const service = origin?.kind === "service" ? serviceOf(env, origin.binding) : undefined;
    // bodies as the origin sent them: what their header section says must be true of the bytes held here
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
