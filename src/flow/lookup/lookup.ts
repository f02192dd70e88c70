// Owns the lookup: it finds the stored response for a request, asks the purge log about it, and gets the verdict on it.
import { newerMayExist } from "../../http/law/reasons.ts";
import { type PurgeState, type Reuse, reuse } from "../../http/law/reuse.ts";
import type { Stored } from "../../http/law/stored.ts";
import type { Lookup } from "../../tiers/tier.ts";
import type { CacheRequest, RuledRequest } from "../cache-request.ts";
import { timed } from "../support/timings.ts";
import { applyIndex } from "./apply-rule.ts";
import { slotOf } from "./resource-key.ts";

export const CLEAR: PurgeState = { state: "clear" };

/** Answers without a promise when memory has the response and the replica of the purge log is inside its bound. */
export function lookUp(request: RuledRequest): CacheRequest | Promise<CacheRequest> {
  const { edge, exchange, rule } = request;
  const lookedUpAt = edge.collapsing.flights.moment();
  const inBound = edge.purges.ensure(rule.maxLagMs, exchange.background);
  if (typeof inBound === "boolean") return lookUpWith(request, inBound, lookedUpAt);
  return timed(exchange, "purges", inBound).then((known) => lookUpWith(request, known, lookedUpAt));
}

interface Judged {
  readonly stored: Stored;
  readonly purge: PurgeState;
  readonly verdict: Reuse;
}

/** `known`: whether the replica is inside its bound. */
function lookUpWith(
  request: RuledRequest,
  known: boolean,
  lookedUpAt: CacheRequest["lookedUpAt"],
): CacheRequest | Promise<CacheRequest> {
  const { edge, exchange, ruled, rule } = request;
  const nowMs = edge.clock.now();
  const fence = edge.purges.fence();
  let last: Judged | undefined;
  // the stack judges each response it finds, then the chosen one is judged again: remember the last verdict
  const judge = (stored: Stored): Judged => {
    if (last?.stored === stored) return last;
    const purge = purgeOf(request, known, stored);
    last = { stored, purge, verdict: reuse(ruled, stored, purge, rule, nowMs) };
    return last;
  };
  const enough = (stored: Stored): boolean => !newerMayExist(judge(stored).verdict.reason);
  const slot = slotOf(edge, ruled, rule);
  const complete = ({ found, absence, index }: Lookup): CacheRequest => {
    const { purge, verdict } = found
      ? judge(found.stored)
      : { purge: CLEAR, verdict: reuse(ruled, absence, CLEAR, rule, nowMs) };
    return {
      ...request,
      facts: applyIndex(ruled, index),
      slot: { ...slot, index },
      found,
      purge,
      verdict,
      nowMs,
      lookedUpAt,
      fence,
      unproven: !known && rule.onUnknown === "serve",
    };
  };
  const lookup = edge.stack.lookup(slot, enough, exchange.background);
  return lookup instanceof Promise ? timed(exchange, "lookup", lookup).then(complete) : complete(lookup);
}

function purgeOf({ edge, ruled, rule }: RuledRequest, known: boolean, stored: Stored): PurgeState {
  const state = edge.purges.stateOf(stored, ruled.location);
  if (known || state.state === "gone") return state;
  if (rule.onUnknown === "revalidate") return { state: "unknown" };
  return state.state === "unknown" ? CLEAR : state;
}

/** Whether the request cannot be answered without the origin. */
export function needsOrigin({ verdict }: Pick<CacheRequest, "verdict">): boolean {
  const kind = verdict.verdict;
  return kind === "fetch" || kind === "revalidate" || kind === "complete";
}
