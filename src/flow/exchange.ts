// Owns what a request's way through the edge needs: the exchange itself and the parts it is served with.
import type { DependencyError } from "../error.ts";
import type { PurgeState } from "../http/reuse.ts";
import type { Fence, Stored } from "../http/stored.ts";
import type { Target } from "../http/target.ts";
import type { Site } from "../policy/define.ts";
import type { Stack } from "../tiers/tier.ts";
import type { Codings } from "./encoding.ts";
import type { Flights } from "./flights.ts";
import type { Unstorable } from "./unstorable.ts";

/** One request on its way. */
export interface Exchange {
  readonly request: Request;
  readonly requestId: string;
  /** Keeps work alive after the response; failures are reported, never thrown. */
  background(work: Promise<unknown>): void;
}

/** What the flow asks of the purge log's replica. */
export interface Purges {
  /** True when the copy is inside the bound; see `Replica.ensure`. */
  ensure(maxLagMs: number, background: (work: Promise<void>) => void): boolean | Promise<boolean>;
  stateOf(stored: Pick<Stored, "targets" | "fence">): PurgeState;
  fence(): Fence | undefined;
  readonly purge: Purge;
}

/** Carries out a purge; resolves with its sequence number once the log has it and this isolate obeys it. */
export type Purge = (targets: readonly Target[], mode: "hard" | "soft") => Promise<number>;

/** Where the edge serves from; wired once per isolate. */
export interface Edge {
  readonly site: Site;
  readonly stack: Stack;
  readonly purges: Purges;
  /** Sends a request to an origin. Bodies arrive as they were sent: no coding is undone. */
  readonly fetch: (request: Request) => Promise<Response>;
  readonly codings: Codings;
  readonly now: () => number;
  /** Keys with a background refresh under way, and when it began: one at a time for each. */
  readonly refreshing: Map<string, number>;
  /** Fetches under way that others may wait for. */
  readonly flights: Flights;
  /** What could not be stored lately. */
  readonly unstorable: Unstorable;
  readonly report: (error: DependencyError) => void;
}
