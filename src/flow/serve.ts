// Owns the way of one request, in the order it lives: receive, rule, key, lookup, reuse, then an answer or a forward.
import type { Outcome } from "../http/cache-status.ts";
import { newerMayExist } from "../http/reasons.ts";
import { freshSeconds, type PurgeState, type Reuse, reuse } from "../http/reuse.ts";
import type { Stored } from "../http/stored.ts";
import type { Rule } from "../policy/define.ts";
import { ruleFor } from "../policy/match.ts";
import type { Found } from "../tiers/tier.ts";
import { type Delivery, deliverHeld, deliverProblem } from "./deliver.ts";
import type { Edge, Exchange } from "./exchange.ts";
import { discard, forward, present, type Trip } from "./forward.ts";
import { keyOf } from "./key.ts";
import { FETCH_WHOLE } from "./origin.ts";
import { passBy } from "./pass.ts";
import { receive } from "./receive.ts";
import { refreshLater } from "./refresh.ts";

const CLEAR: PurgeState = { state: "clear" };
const REFUSED: Outcome = { reason: "bad-request", hit: false };
export async function serve(edge: Edge, exchange: Exchange): Promise<Response> {
  const received = receive(exchange.request, edge.site);
  const { facts } = received;
  if (received.kind === "refused")
    return deliverProblem({ ...exchange, facts }, received.status, received.detail, REFUSED);
  const rule = ruleFor(edge.site, facts.location.path);
  if (received.kind === "bypass") return passBy(edge, exchange, facts, received.reason);
  if (rule.bypass) return passBy(edge, exchange, facts, "rule");

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
  const asked = { key, request: facts.field, global: rule.global, epoch: edge.stack.epoch() };
  const lookup = edge.stack.lookup(asked, enough, exchange.background);
  const { found, absence, index } = lookup instanceof Promise ? await lookup : lookup;

  const trip: Trip = { edge, exchange, facts, rule, place: { ...asked, index } };
  const delivery = { facts, requestId: exchange.requestId, nowMs };
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
    case "fetch": {
      discard(held);
      const intent = { ...FETCH_WHOLE, clientConditionals: decided.clientConditionals };
      return forward(trip, { reason, held: undefined, purge: CLEAR, intent });
    }
    case "unsatisfiable":
      discard(held);
      return deliverProblem(delivery, 504, "nothing stored satisfies only-if-cached", { reason, hit: false });
  }
}

function purgeOf(edge: Edge, rule: Rule, known: boolean, stored: Stored): PurgeState {
  const state = edge.purges.stateOf(stored);
  if (known || state.state === "gone") return state;
  if (rule.onUnknown === "revalidate") return { state: "unknown" };
  return state.state === "unknown" ? CLEAR : state;
}
