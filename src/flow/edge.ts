// Owns the two things that every step of a request is given: the exchange itself, and the edge that serves it.
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

/** The edge that a request is served by; one per isolate. `edge-builder.ts` makes it. */
export interface Edge {
  /** The name under which servers behind this edge know it; no other deployment has the same. */
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
  /** Sends a request to an origin; without one, to the zone's own or the application's routes. Header section and bytes agree. */
  readonly fetch: (request: Request, origin: Origin | undefined) => Promise<Response>;
  readonly breakers: Breakers;
  /** Purges that origins ask for by their answers: of equal ones, one at a time. */
  readonly purging: Turns<PurgeOutcome>;
}

/** Resources that this isolate remembers for a while because of the origin's answers. */
export interface Marks {
  /** Their answers could not be stored lately. */
  readonly unstorable: ExpiringSet;
  /** Too large to be fetched whole for the sake of a range. */
  readonly large: ExpiringSet;
  /** The origin asked not to be asked for them, with Retry-After. */
  readonly originBackoff: ExpiringSet;
}

/** Fetches that requests share. */
export interface Collapsing {
  /** Fetches under way that other requests of this isolate may wait for. */
  readonly flights: Flights;
  /** Stored responses with a background refresh under way: one at a time for each. */
  readonly refreshing: ExpiringSet;
  /** The keeper of a key's lease, by the key's hash; absent where there is none. */
  readonly leases?: ((hash: string) => LeaseKeeper) | undefined;
}
