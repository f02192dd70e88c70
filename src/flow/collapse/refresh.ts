// Owns background refreshes: one for each stored response at a time.
import { variantKey } from "../../http/select/key.ts";
import type { Land } from "./flights.ts";
import { forward } from "../fetch/fetch.ts";
import { acquireLease } from "./lease.ts";
import { type FetchPlan, anonymously, isAuthenticated, type CacheRequest } from "../cache-request.ts";

/** Nothing where another isolate refreshes: what it stores is found at the next look. */
async function leased(trip: CacheRequest, errand: FetchPlan, lookedAtMs: number): Promise<Response | undefined> {
  if (trip.rule.collapse !== "global") return forward(trip, errand);
  const leave = await acquireLease(trip, lookedAtMs, undefined, ALONE);
  if (leave.kind === "held") return undefined;
  return forward(trip, leave.kind === "sole" ? { ...errand, land: leave.land } : errand);
}

/** Nobody waits for the fetch of a refresh, but it has no client that could leave, either. */
const ALONE: Land = Object.assign(() => undefined, { isAwaited: () => true });

/** A refresh that has taken longer was cut off by the platform. */
const REFRESH_LIMIT_SECONDS = 30;

/** One refresh for a stored response at a time. `lookedAtMs`: when it was found stale. */
export function refreshLater(trip: CacheRequest, errand: FetchPlan, lookedAtMs: number): void {
  const { edge, exchange, slot } = trip;
  const id = variantKey(slot.key, "", errand.held?.stored.variant ?? {});
  if (edge.originBackoff.has(slot.key) || edge.refreshing.has(id)) return;
  const ended = edge.refreshing.add(id, REFRESH_LIMIT_SECONDS);
  // bytes can be stored again after the client has had them; a stream cannot
  const held = errand.held?.body.kind === "bytes" ? errand.held : undefined;
  const given = errand.held?.stored;
  // what is stored is a GET's answer, whoever was first to find it stale
  const facts = { ...trip.facts, method: "GET" };
  // one client's cookies have no say in it; credentials may be needed to get the shared answer at all, so they go first
  const asking = isAuthenticated(facts) ? { ...trip, facts } : anonymously({ ...trip, facts });
  // in the trace of the request that found it stale, whose answer says nothing of it
  const inBackground = { ...exchange, timings: undefined };
  const forCache: FetchPlan = { ...errand, held, given, forCache: true, isAwaited: ALONE.isAwaited };
  const refresh = leased({ ...asking, exchange: inBackground }, forCache, lookedAtMs)
    .then((response) => response?.body?.cancel())
    .finally(ended);
  exchange.background(refresh);
}
