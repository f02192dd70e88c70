// Owns background refreshes: one for each stored response at a time.
import { unread } from "../../base/streams.ts";
import { variantKey } from "../../http/select/key.ts";
import { anonymously, type CacheRequest, isAuthenticated } from "../cache-request.ts";
import { fetchFromOrigin } from "../fetch/fetch.ts";
import { type FetchPlan, planFor } from "../fetch/fetch-plan.ts";
import { acquireLease } from "./lease.ts";

/** The platform has cut off a refresh that takes longer. */
const REFRESH_LIMIT_SECONDS = 30;

/** Refreshes the stale response that the lookup found, unless a refresh is under way, or the origin asked to be left alone. */
export function refreshLater(request: CacheRequest): void {
  const { edge, exchange, slot, found } = request;
  const id = variantKey(slot.key, "", found?.stored.variant ?? {});
  if (edge.marks.originBackoff.has(slot.key) || edge.collapsing.refreshing.has(id)) return;
  const ended = edge.collapsing.refreshing.add(id, REFRESH_LIMIT_SECONDS);
  // a stored response is a GET's, whichever request was first to find it stale
  const facts = { ...request.facts, method: "GET" };
  // in the trace of that request, whose answer says nothing of the refresh
  const asking = { ...request, facts, exchange: { ...exchange, timings: undefined } };
  // one client's cookies have no say in the refresh. Credentials may be needed to get the shared answer at all, so they go first
  const refresh = refreshed(isAuthenticated(facts) ? asking : anonymously(asking)).finally(ended);
  exchange.background(refresh);
}

async function refreshed(request: CacheRequest): Promise<void> {
  const { found } = request;
  const plan: FetchPlan = {
    ...planFor(request),
    // bytes can be stored again after the client has had them; a stream cannot
    held: found?.body.kind === "bytes" ? found : undefined,
    given: found?.stored,
    forCache: true,
    // no client of a refresh could leave
    isAwaited: () => true,
  };
  const lease = request.rule.collapse === "global" ? await acquireLease(request, undefined) : undefined;
  // another isolate refreshes: the next lookup finds what it stores
  if (lease?.kind === "held") return;
  const fetching = fetchFromOrigin(request, plan);
  if (lease?.kind === "granted") lease.endWith(fetching);
  await unread((await fetching).response.body);
}
