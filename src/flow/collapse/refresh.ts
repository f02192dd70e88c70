// Owns background refreshes: at most one for each stored response at a time.
import { unread } from "../../base/streams.ts";
import { variantKey } from "../../http/select/key.ts";
import { anonymously, type CacheRequest, isAuthenticated } from "../cache-request.ts";
import { fetchFromOrigin } from "../fetch/fetch.ts";
import { type FetchPlan, planFor } from "../fetch/fetch-plan.ts";
import { acquireLease } from "./lease.ts";

/** A refresh that takes longer was cut off by the platform. */
const REFRESH_LIMIT_SECONDS = 30;

/** Refreshes the stale response that the lookup found, unless a refresh is under way, or the origin asked to be left alone. */
export function refreshLater(request: CacheRequest): void {
  const { edge, exchange, slot, found } = request;
  const id = variantKey(slot.key, "", found?.stored.variant ?? {});
  if (edge.marks.originBackoff.has(slot.key) || edge.collapsing.refreshing.has(id)) return;
  const ended = edge.collapsing.refreshing.add(id, REFRESH_LIMIT_SECONDS);
  // the stored response answers a GET, even if a HEAD found it stale
  const facts = { ...request.facts, method: "GET" };
  // the refresh belongs to the request's trace, but not to its Server-Timing
  const asking = { ...request, facts, exchange: { ...exchange, timings: undefined } };
  // the cache asks in its own name, so that one client's cookies do not shape the shared answer. A client's credentials go along first,
  // because the origin may give the shared answer only with them
  const refresh = runRefresh(isAuthenticated(facts) ? asking : anonymously(asking)).finally(ended);
  exchange.background(refresh);
}

async function runRefresh(request: CacheRequest): Promise<void> {
  const { found } = request;
  const plan: FetchPlan = {
    ...planFor(request),
    // bytes can be stored again after the client has had them; a stream cannot
    held: found?.body.kind === "bytes" ? found : undefined,
    given: found?.stored,
    forCache: true,
    // a refresh has no client that could leave, so it always reads to the end
    isAwaited: () => true,
  };
  const lease = request.rule.collapse === "global" ? await acquireLease(request, undefined) : undefined;
  // another isolate refreshes: the next lookup finds what it stores
  if (lease?.kind === "held") return;
  const fetching = fetchFromOrigin(request, plan);
  if (lease?.kind === "granted") lease.endWith(fetching);
  await unread((await fetching).response.body);
}
