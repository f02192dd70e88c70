// Owns collapsing: of concurrent requests that would fetch the same, one asks the origin; the others wait, and look again.
import type { Reuse } from "../../http/law/reuse.ts";
import { planFetch } from "../fetch/fetch-plan.ts";
import { crowdKey } from "../lookup/expected-key.ts";
import type { JoinedFlight, Landing, Moment } from "./flights.ts";
import type { Edge } from "../edge.ts";
import { LATE, within } from "../../base/deadline.ts";
import type { CacheRequest } from "../cache-request.ts";
import { isUnstorable } from "../fetch/unstorable.ts";

/**
 * Boards the flight for what a request needs from the origin; `undefined` where its answer may be for this client alone, and so must
 * be fetched by itself.
 */
export function joined(trip: CacheRequest, decided: Reuse, lookedAt: Moment): JoinedFlight | undefined {
  if (!needsOrigin(decided)) return undefined;
  const { edge, facts, rule } = trip;
  const { method, hasAuthorization, hasSession, directives } = facts;
  const insists = rule.honourClient && (directives.noCache || directives.noStore);
  if (method !== "GET" || hasAuthorization || hasSession || insists) return undefined;
  // lately there was nothing to share
  if (isUnstorable(trip)) return undefined;
  if (planFetch(trip, false).conditions.length > 0) return undefined;
  return edge.flights.join(crowdKey(trip), lookedAt);
}

/** What is held, if anything, cannot answer without the origin. */
export function needsOrigin({ verdict }: Reuse): boolean {
  return verdict === "fetch" || verdict === "revalidate" || verdict === "complete";
}

/** How long a request waits for another's fetch, body included; then it fetches for itself. */
const WAIT_MS = 15_000;

/**
 * How another's flight ended. `LATE`: it has been under way for longer than `patienceMs`, which is given where something stale may
 * stand in.
 */
export async function landedWithin(
  edge: Edge,
  { landed, startedAtMs }: Follower,
  patienceMs: number | undefined,
): Promise<Landing | typeof LATE> {
  if (patienceMs !== undefined) {
    // those who come later have not to wait as long again
    const leftMs = Math.max(0, startedAtMs + patienceMs - edge.now());
    return within(edge.timeout(Math.min(leftMs, WAIT_MS)), landed);
  }
  const landing = await within(edge.timeout(WAIT_MS), landed);
  return landing === LATE ? { kind: "unshared" } : landing;
}

type Follower = Extract<JoinedFlight, { role: "follower" }>;
