// Owns collapsing across isolates: a leader fetches under a lease, or answers from what the isolate with the lease has fetched.
import type { ReasonCode } from "../../http/law/reasons.ts";
import { type CacheRequest, discard } from "../cache-request.ts";
import type { FetchResult } from "../fetch/fetched.ts";
import { patienceFor } from "../fetch/patience.ts";
import { lookUp, needsOrigin } from "../lookup/lookup.ts";
import { timed } from "../support/timings.ts";
import type { Ended } from "./ending.ts";
import { acquireLease, leaseKey } from "./lease.ts";
import type { Ways } from "./ways.ts";

/** How a leader's part ended. Without a response, it has to look up again. */
export type Led = Ended & { readonly response?: Response };

function endedBy(kind: "stored" | "unshared"): { readonly result: Promise<FetchResult> } {
  return { result: Promise.resolve({ kind }) };
}

/** Where the rule collapses within isolates only, this is the fetch and nothing else. */
export async function underLease(
  request: CacheRequest,
  { fetch, answer }: Ways,
  isAwaited: () => boolean,
  waitedFor: ReasonCode | undefined,
): Promise<Led> {
  const { exchange, rule, slot, verdict } = request;
  if (rule.collapse !== "global") return fetch(request, isAwaited);
  const grant = await timed(exchange, "wait", acquireLease(request, patienceFor(request)));
  if (grant.kind === "alone") return fetch(request, isAwaited);
  if (grant.kind === "granted") {
    // nobody here knows how many wait in other isolates
    const fetching = fetch({ ...request, slot: { ...slot, sole: true } }, () => true);
    grant.endWith(fetching);
    return fetching;
  }
  // a stream must not stay open meanwhile
  discard(request.found);
  // there is nothing to share, so nobody in this isolate needs to wait, either
  if ((await timed(exchange, "wait", grant.ended())) === "unshared") return endedBy("unshared");
  const next = await lookUp(request);
  if (!needsOrigin(next)) {
    return { ...endedBy("stored"), response: await answer(next, waitedFor ?? verdict.reason) };
  }
  // the other isolate's fetch failed, so this one is made without a lease
  if (leaseKey(next) === leaseKey(request)) return fetch(next, isAwaited);
  // the other isolate has fetched another variant: this one has a key and a lease of its own
  discard(next.found);
  return endedBy("stored");
}
