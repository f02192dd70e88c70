// Owns the wiring: the only file that knows concrete tiers, bindings and the site's configuration.
import configured from "../strata.config.ts";
import { createApp, type Mounted } from "./app.ts";
import type { Edge, Purge } from "./flow/exchange.ts";
import { zlibCodings } from "./codings/zlib.ts";
import { flights } from "./flow/flights.ts";
import { unstorable } from "./flow/unstorable.ts";
import { reportError } from "./observe/log.ts";
import { requireSite, withOrigin } from "./policy/define.ts";
import type { PurgeLog } from "./purge/log.ts";
import { type LogReader, purgeReplica } from "./purge/replica.ts";
import { type CacheLike, coloTier } from "./tiers/colo.ts";
import { guarded } from "./tiers/guard.ts";
import { invalidations } from "./tiers/invalidations.ts";
import { kvTier } from "./tiers/kv.ts";
import { memoryTier } from "./tiers/memory.ts";
import { tierStack } from "./tiers/stack.ts";

export { PurgeLog } from "./purge/log.ts";

interface Env {
  readonly STRATA_KV: KVNamespace;
  readonly STRATA_PURGE_LOG: DurableObjectNamespace<PurgeLog>;
  /** Overrides the site's origin for every host. */
  readonly STRATA_ORIGIN?: string;
  /** The admin token, a secret. */
  readonly STRATA_TOKEN?: string;
  /** "development" accepts the default token. */
  readonly STRATA_ENV?: string;
  /** Separates the caches of several edges on one machine. */
  readonly STRATA_COLO?: string;
}

/** How long a request waits for a tier or for the purge log, milliseconds. */
const TIER_TIMEOUT_MS = 1000;
const LOG_WAIT_MS = 1000;

const site = requireSite(configured);
const now = (): number => Date.now();
const memory = memoryTier({ ...site.memory, now });
const replica = purgeReplica({ now, waitMs: LOG_WAIT_MS, report: reportError });
const invalidated = invalidations();
const flying = flights(now);
const refreshing = new Map<string, number>();
const unstorableLately = unstorable(now);

let mounted: { readonly env: object; readonly parts: Mounted } | undefined;

/** Bindings are the same object for the life of an isolate, so this is done once. */
function mount(env: object): Mounted {
  if (mounted?.env !== env) mounted = { env, parts: assemble(env as Env) };
  return mounted.parts;
}

function assemble(env: Env): Mounted {
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
}

function edgeOf(env: Env, reader: LogReader, purge: Purge): Edge {
  const openColo = (): Promise<CacheLike> => caches.open(`strata-${env.STRATA_COLO ?? "colo"}`);
  const lower = [coloTier(openColo, site.memory.bodyBytes), kvTier(env.STRATA_KV, site.global)];
  return {
    site: withOrigin(site, env.STRATA_ORIGIN),
    stack: tierStack(
      memory,
      lower.map((tier) => guarded(tier, TIER_TIMEOUT_MS, reportError)),
      invalidated,
      site.memory.bodyBytes,
    ),
    purges: { ...replica, purge, ensure: (maxLagMs, background) => replica.ensure(reader, maxLagMs, background) },
    // bodies as the origin sent them: what their header section says must be true of the bytes held here
    fetch: (request) => fetch(request, { encodeResponseBody: "manual" }),
    codings: zlibCodings,
    now,
    refreshing,
    flights: flying,
    unstorable: unstorableLately,
    report: reportError,
  };
}

export default createApp(mount, reportError);
