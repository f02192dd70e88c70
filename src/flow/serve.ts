// Owns the way of one request, in the order it lives: receive, rule, key, lookup, reuse, then an answer or a forward.
import type { Outcome } from "../http/cache-status.ts";
import { newerMayExist } from "../http/reasons.ts";
import { freshSeconds, type PurgeState, type Reuse, reuse } from "../http/reuse.ts";
import type { Stored } from "../http/stored.ts";
import type { Rule } from "../policy/define.ts";
import { ruleFor } from "../policy/match.ts";
import type { Found } from "../tiers/tier.ts";
import { restOf, wanted } from "./ask.ts";
import { type Delivery, deliverHeld } from "./deliver.ts";
import type { Edge, Exchange } from "./exchange.ts";
import { deliverProblem } from "./fail.ts";
import type { FoundPart } from "./fill.ts";
import { discard, forward, present, type Trip } from "./forward.ts";
import { keyOf } from "./key.ts";
import { FETCH_WHOLE } from "./origin.ts";
import { passBy } from "./pass.ts";
import { receive } from "./receive.ts";
import { refreshLater } from "./refresh.ts";
import { ruledRequest } from "./ruled.ts";

const CLEAR: PurgeState = { state: "clear" };
const REFUSED: Outcome = { reason: "bad-request", hit: false };
export async function serve(edge: Edge, exchange: Exchange): Promise<Response> {
  const received = receive(exchange.request, edge.site);
  if (received.kind === "refused")
    return deliverProblem({ ...exchange, facts: received.facts }, received.status, received.detail, REFUSED);
  const rule = ruleFor(edge.site, received.facts.location.path);
  if (received.kind === "bypass") return passBy(edge, exchange, received.facts, received.reason);
  if (rule.bypass) return passBy(edge, exchange, received.facts, "rule");
  const facts = ruledRequest(received.facts, rule, edge.site);

  const inBound = edge.purges.ensure(rule.maxLagMs, exchange.background);
  const known = typeof inBound === "boolean" ? inBound : await inBound;
  const nowMs = edge.now();
  let last: Judged | undefined;
  // the lookup asks about what it finds, and we ask again about what it chose: mostly the same
  const judge = (stored: Stored): Judged => {
    if (last?.stored === stored) return last;
    const purge = purgeOf(edge, rule, known, stored);
    last = { stored, purge, decided: reuse(facts, stored, purge, rule, nowMs) };
    return last;
  };
  const enough = (stored: Stored): boolean => !newerMayExist(judge(stored).decided.reason);
  const key = keyOf(edge, facts.location, rule);
  const { global, maxVariants } = rule;
  const asked = { key, request: facts.field, global, maxVariants, epoch: edge.stack.epoch() };
  const lookup = edge.stack.lookup(asked, enough, exchange.background);
  const { found, absence, index } = lookup instanceof Promise ? await lookup : lookup;

  const trip: Trip = { edge, exchange, facts, rule, place: { ...asked, index } };
  const delivery = { facts, requestId: exchange.requestId, nowMs, browser: rule.browser };
  if (!found) return answer(trip, delivery, reuse(facts, absence, CLEAR, rule, nowMs), undefined, CLEAR);
  const { decided, purge } = judge(found.stored);
  return answer(trip, delivery, decided, found, purge);
}

interface Judged {
  readonly stored: Stored;
  readonly purge: PurgeState;
  readonly decided: Reuse;
}

/** Carries out the verdict on what was found. */
function answer(
  trip: Trip,
  delivery: Delivery,
  decided: Reuse,
  held: Found | undefined,
  purge: PurgeState,
): Response | Promise<Response> {
  const { reason } = decided;
  switch (decided.verdict) {
    case "fresh":
      return deliverHeld(delivery, present(held), { reason, hit: true });
    case "stale-while-revalidate":
      refreshLater(trip, { reason, held, purge, intent: FETCH_WHOLE });
      return deliverHeld(delivery, present(held), {
        reason,
        hit: true,
        ttlSeconds: Math.floor(freshSeconds(decided.stored, purge, delivery.nowMs)),
      });
    case "revalidate":
      return forward(trip, { reason, held, purge, intent: FETCH_WHOLE });
    case "complete":
      return forward(trip, { reason, prefix: partIn(held), purge, intent: restOf(decided.stored) });
    case "fetch": {
      const neighbour = reason === "partial" ? partIn(held) : undefined;
      if (!neighbour) discard(held);
      const { edge, facts, place } = trip;
      const intent = wanted(facts, decided.clientConditionals, !edge.unstorable.has(place.key));
      return forward(trip, { reason, neighbour, purge: CLEAR, intent });
    }
    case "unsatisfiable":
      discard(held);
      return deliverProblem(delivery, 504, "nothing stored satisfies only-if-cached", { reason, hit: false });
  }
}

/** A part is small: it is always held as bytes. */
function partIn(held: Found | undefined): FoundPart | undefined {
  if (held?.body.kind !== "bytes") return undefined;
  return { stored: held.stored, bytes: held.body.bytes, tier: held.tier };
}

function purgeOf(edge: Edge, rule: Rule, known: boolean, stored: Stored): PurgeState {
  const state = edge.purges.stateOf(stored);
  if (known || state.state === "gone") return state;
  if (rule.onUnknown === "revalidate") return { state: "unknown" };
  return state.state === "unknown" ? CLEAR : state;
}
