// Owns the making of an edge: from parts that live as long as the isolate, and parts that come with a deployment's bindings.
import type { PurgeOutcome } from "../http/targets/purge-order.ts";
import { flights } from "./collapse/flights.ts";
import type { Collapsing, Edge, OriginSide } from "./edge.ts";
import { breakers } from "./fetch/breaker.ts";
import { expiringSet } from "./support/expiring-set.ts";
import { urlReader } from "./support/request-url.ts";
import type { Ids } from "./support/trace.ts";
import { turns } from "./support/turns.ts";

export interface IsolateParts extends Pick<Edge, "clock" | "bounds" | "codings" | "report"> {
  readonly ids: Ids;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
}

export interface DeploymentParts extends Pick<Edge, "name" | "site" | "stack" | "purges"> {
  readonly fetch: OriginSide["fetch"];
  readonly leases?: Collapsing["leases"];
}

/** Called once per isolate; the function it returns makes the edge of one deployment. */
export function edgeBuilder({ ids, random, ...parts }: IsolateParts): (deployment: DeploymentParts) => Edge {
  const { now, timeout } = parts.clock;
  const intake = { readUrl: urlReader(), ids };
  const origin = { breakers: breakers({ now, random }), purging: turns<PurgeOutcome>(timeout) };
  const marks = { unstorable: expiringSet(now), large: expiringSet(now), originBackoff: expiringSet(now) };
  const collapsing = { flights: flights(now), refreshing: expiringSet(now) };
  return ({ fetch, leases, ...deployment }) => ({
    ...parts,
    ...deployment,
    intake,
    origin: { ...origin, fetch },
    marks,
    collapsing: { ...collapsing, leases },
  });
}
