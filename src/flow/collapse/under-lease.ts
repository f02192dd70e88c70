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

/** How leading ended. Without a response, the leader looks up again. */
export type Led = Ended & { readonly response?: Response };

function endedBy(kind: "stored" | "unshared"): { readonly result: Promise<FetchResult> } {
  return { result: Promise.resolve({ kind }) };
}

/** Without `collapse: "global"` in the rule, this is just the fetch. */
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
    // requests of other isolates may wait, and this one cannot know: it reads the body to the end
    const fetching = fetch({ ...request, slot: { ...slot, sole: true } }, () => true);
    grant.endWith(fetching);
    return fetching;
  }
  // the wait may be long, and the stored body's stream must not stay open meanwhile
  discard(request.found);
  // the other isolate's answer cannot be shared, so followers here need not wait, either
  if ((await timed(exchange, "wait", grant.ended())) === "unshared") return endedBy("unshared");
  const next = await lookUp(request);
  if (!needsOrigin(next)) {
    return { ...endedBy("stored"), response: await answer(next, waitedFor ?? verdict.reason) };
  }
  // the other isolate's fetch failed, or did not end in time, so this one is made without a lease
  if (leaseKey(next) === leaseKey(request)) return fetch(next, isAwaited);
  // the other isolate has fetched another variant: this request's own has another key and lease
  discard(next.found);
  return endedBy("stored");
}
