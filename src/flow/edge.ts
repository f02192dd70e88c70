// Owns what a request's way through the edge needs: the exchange itself and the parts it is served with.
import type { DependencyError } from "../error.ts";
import type { PurgedBy, PurgeEntry, PurgeOrder, PurgeOutcome } from "../http/targets/purge-order.ts";
import type { Site } from "../policy/define.ts";
import type { Origin } from "../policy/origins.ts";
import type { Codings } from "../codings/codings.ts";
import type { LeaseKeeper } from "../leases/lease-keeper.ts";
import type { KnownPurges } from "../purge/reader/known-purges.ts";
import type { Stack } from "../tiers/tier.ts";
import type { Breakers } from "./fetch/breaker.ts";
import type { Flights } from "./collapse/flights.ts";
import type { Bounds } from "./support/bounds.ts";
import type { ExpiringSet } from "./support/expiring-set.ts";
import type { ReadUrl } from "./support/request-url.ts";
import type { Timeout } from "../base/deadline.ts";
import type { Timings } from "./support/timings.ts";
import type { Ids, Trace } from "./support/trace.ts";
import type { Turns } from "./support/turns.ts";

/** One request on its way. */
export interface Exchange {
  readonly request: Request;
  readonly trace: Trace;
  /** Whether answers name what a reason code is about; only to those who may know. */
  readonly shows?: "codes" | "all";
  /** Absent where nobody asked how long it takes, and in the background. */
  readonly timings?: Timings | undefined;
  /** Keeps work alive after the response; failures are reported, never thrown. */
  background(work: Promise<unknown>): void;
}

/** What the flow asks of the purge log's replica. */
export interface Purges extends KnownPurges {
  /** True when the copy is inside the bound; see `Replica.ensure`. */
  ensure(maxLagMs: number, background: (work: Promise<unknown>) => void): boolean | Promise<boolean>;
  readonly purge: Purge;
  /** The latest purges before a number, the newest first; without one, the newest of all. */
  history(beforeSeq: number | undefined, limit: number, by: PurgedBy): Promise<readonly PurgeEntry[]>;
}

/** Carries out a purge; resolves once the log has it and this isolate obeys it. @throws where the log did not confirm. */
export type Purge = (order: PurgeOrder) => Promise<PurgeOutcome>;

/** Where the edge serves from; wired once per isolate. */
export interface Edge {
  /** As it names itself to servers behind it; no other deployment has the same. */
  readonly name: string;
  readonly site: Site;
  readonly readUrl: (text: string) => ReadUrl;
  readonly stack: Stack;
  readonly purges: Purges;
  /** Sends a request to an origin; where none is given, to the zone's own or the application's routes. Header section and bytes agree. */
  readonly fetch: (request: Request, origin: Origin | undefined) => Promise<Response>;
  readonly codings: Codings;
  readonly now: () => number;
  readonly ids: Ids;
  readonly timeout: (ms: number) => Timeout;
  readonly bounds: Bounds;
  /** What has a background refresh under way: one at a time for each. */
  readonly refreshing: ExpiringSet;
  /** Fetches under way that others may wait for. */
  readonly flights: Flights;
  /** Who keeps the lease of a key, by its hash; absent where there is nobody. */
  readonly leases?: ((hash: string) => LeaseKeeper) | undefined;
  /** What could not be stored lately. */
  readonly unstorable: ExpiringSet;
  /** What is known to be too large to be fetched for the sake of a range. */
  readonly large: ExpiringSet;
  /** What the origin asked not to be asked for, with Retry-After. */
  readonly originBackoff: ExpiringSet;
  readonly breakers: Breakers;
  /** Orders of one origin for the same things: one at a time. */
  readonly purging: Turns<PurgeOutcome>;
  readonly report: (error: DependencyError) => void;
}
