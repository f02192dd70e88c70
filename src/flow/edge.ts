// Owns the two parameters of every step: the exchange (one request) and the edge (all that outlives it).
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
import type { SetTimeout } from "../base/deadline.ts";
import type { Timings } from "./support/timings.ts";
import type { Ids, Trace } from "./support/trace.ts";
import type { Turns } from "./support/turns.ts";

/** One request, with its trace and its background work. */
export interface Exchange {
  readonly request: Request;
  readonly trace: Trace;
  /** How much `Cache-Status` says: reason codes, or also the fields they are about. The latter only for clients that may know. */
  readonly shows?: "codes" | "all";
  /** Absent where the site wants no `Server-Timing`, and in the background. */
  readonly timings?: Timings | undefined;
  /** Keeps work alive after the response; failures are reported, never thrown. */
  background(work: Promise<unknown>): void;
}

/** The purge log as the flow uses it: through this isolate's replica. */
export interface Purges extends KnownPurges {
  /** True when the copy is inside the bound; see `Replica.ensure`. */
  ensure(maxLagMs: number, background: (work: Promise<unknown>) => void): boolean | Promise<boolean>;
  readonly purge: Purge;
  /** The latest purges before a number, the newest first; without one, the newest of all. */
  history(beforeSeq: number | undefined, limit: number, by: PurgedBy): Promise<readonly PurgeEntry[]>;
}

/** Carries out a purge; resolves once the log has it and this isolate obeys it. @throws where the log did not confirm. */
export type Purge = (order: PurgeOrder) => Promise<PurgeOutcome>;

/** Milliseconds since 1970, and timeouts; tests set both. */
export interface Clock {
  readonly now: () => number;
  readonly timeout: SetTimeout;
}

/** All that serves requests and outlives them: one per isolate, made by `edge-builder.ts`. */
export interface Edge {
  /** This deployment's unique name in `CDN-Loop` and `Via`. */
  readonly name: string;
  readonly site: Site;
  readonly clock: Clock;
  readonly bounds: Bounds;
  readonly intake: Intake;
  readonly stack: Stack;
  readonly purges: Purges;
  readonly codings: Codings;
  readonly origin: OriginSide;
  readonly marks: Marks;
  readonly collapsing: Collapsing;
  readonly report: (error: DependencyError) => void;
}

/** Reads requests as they come. */
export interface Intake {
  readonly readUrl: (text: string) => ReadUrl;
  readonly ids: Ids;
}

export interface OriginSide {
  /**
   * Sends a request to `origin`; without one, to the zone's own origin or to the application's routes. `Content-Encoding` is true of the
   * body's bytes.
   */
  readonly fetch: (request: Request, origin: Origin | undefined) => Promise<Response>;
  readonly breakers: Breakers;
  /** Purges that origins ask for by their answers. Of equal purges, one runs at a time. */
  readonly purging: Turns<PurgeOutcome>;
}

/** Resources that this isolate remembers for a while because of the origin's answers. */
export interface Marks {
  /** Resources whose answers could not be stored lately. */
  readonly unstorable: ExpiringSet;
  /** Resources too large to be fetched whole for the sake of a range. */
  readonly large: ExpiringSet;
  /** Resources for which the origin answered 503 with `Retry-After`. */
  readonly originBackoff: ExpiringSet;
}

/** State of collapsing, shared by the requests of this isolate. */
export interface Collapsing {
  /** Fetches under way that other requests of this isolate may wait for. */
  readonly flights: Flights;
  /** Stored responses with a background refresh under way: at most one for each. */
  readonly refreshing: ExpiringSet;
  /** Finds the keeper of a key's lease, by the key's hash; absent where the deployment has no leases. */
  readonly leases?: ((hash: string) => LeaseKeeper) | undefined;
}
