// Owns the look: what is held for a request, what the purge log says of it, and whether it may answer.
import type { RequestFacts } from "../../http/message/facts.ts";
import { newerMayExist } from "../../http/law/reasons.ts";
import { type PurgeState, type Reuse, reuse } from "../../http/law/reuse.ts";
import type { Fence, Stored } from "../../http/law/stored.ts";
import type { Rule } from "../../policy/define.ts";
import type { Found, Lookup, CacheSlot } from "../../tiers/tier.ts";
import type { Edge, Exchange } from "../edge.ts";
import { keyOf } from "./resource-key.ts";
import { timed } from "../support/timings.ts";

/** What was found, and the verdict on it. */
export interface Seen {
  readonly decided: Reuse;
  readonly held: Found | undefined;
  readonly purge: PurgeState;
  readonly slot: CacheSlot;
  readonly nowMs: number;
  /** Taken before anything was judged: what the origin confirms of what is held has been judged up to here, no further. */
  readonly fence: Fence | undefined;
  /** What answers was not proved unpurged, and the rule says to serve it all the same. */
  readonly unproven: boolean;
}

export const CLEAR: PurgeState = { state: "clear" };

/** Answers without a promise when memory has it and the log's copy is inside its bound. */
export function lookUp(edge: Edge, exchange: Exchange, facts: RequestFacts, rule: Rule): Seen | Promise<Seen> {
  const inBound = edge.purges.ensure(rule.maxLagMs, exchange.background);
  if (typeof inBound === "boolean") return lookWith(inBound, edge, exchange, facts, rule);
  return timed(exchange, "purges", inBound).then((known) => lookWith(known, edge, exchange, facts, rule));
}

interface Judged {
  readonly stored: Stored;
  readonly purge: PurgeState;
  readonly decided: Reuse;
}

function lookWith(
  known: boolean,
  edge: Edge,
  exchange: Exchange,
  facts: RequestFacts,
  rule: Rule,
): Seen | Promise<Seen> {
  const nowMs = edge.now();
  const fence = edge.purges.fence();
  let last: Judged | undefined;
  // the lookup asks about what it finds, and we ask again about what it chose: mostly the same
  const judge = (stored: Stored): Judged => {
    if (last?.stored === stored) return last;
    const purge = purgeOf(edge, facts, rule, known, stored);
    last = { stored, purge, decided: reuse(facts, stored, purge, rule, nowMs) };
    return last;
  };
  const enough = (stored: Stored): boolean => !newerMayExist(judge(stored).decided.reason);
  const unproven = !known && rule.onUnknown === "serve";
  const { global, maxVariants } = rule;
  const key = keyOf(edge, facts.location, rule);
  const { field: request, fragments } = facts;
  const asked = { key, request, fragments, global, maxVariants, startedAt: edge.stack.tick() };
  const seen = ({ found, absence, index }: Lookup): Seen => {
    const slot = { ...asked, index };
    if (found) return { ...judge(found.stored), held: found, slot, nowMs, fence, unproven };
    const decided = reuse(facts, absence, CLEAR, rule, nowMs);
    return { decided, purge: CLEAR, held: undefined, slot, nowMs, fence, unproven };
  };
  const lookup = edge.stack.lookup(asked, enough, exchange.background);
  return lookup instanceof Promise ? timed(exchange, "lookup", lookup).then(seen) : seen(lookup);
}

function purgeOf(edge: Edge, facts: RequestFacts, rule: Rule, known: boolean, stored: Stored): PurgeState {
  const state = edge.purges.stateOf(stored, facts.location);
  if (known || state.state === "gone") return state;
  if (rule.onUnknown === "revalidate") return { state: "unknown" };
  return state.state === "unknown" ? CLEAR : state;
}
