// Owns requests that pass by the cache: sent on as they came, answered as the origin answered; the unsafe ones invalidate.
import type { Outcome } from "../http/cache-status.ts";
import type { RequestFacts } from "../http/facts.ts";
import { invalidatedBy } from "../http/invalidation.ts";
import type { ReasonCode } from "../http/reasons.ts";
import { ruleFor } from "../policy/match.ts";
import { type Delivery, deliverAnswer, deliverFailure } from "./deliver.ts";
import type { Edge, Exchange } from "./exchange.ts";
import { keyOf } from "./key.ts";
import { AS_SENT, askOrigin } from "./origin.ts";

export async function passBy(
  edge: Edge,
  exchange: Exchange,
  facts: RequestFacts,
  reason: ReasonCode,
): Promise<Response> {
  const upstream = await askOrigin(edge, exchange, facts, AS_SENT);
  const delivery: Delivery = { facts, requestId: exchange.requestId, nowMs: edge.now() };
  if (upstream.kind === "failure") {
    return deliverFailure(delivery, upstream.reason, { reason, hit: false, settled: upstream.reason });
  }
  const { response, raw } = upstream;
  // a switched protocol is a socket, not a message: nothing can be added to it
  if (response.status === 101) return raw;
  const stale = invalidatedBy(facts, response).map((location) => {
    return edge.stack.invalidate(keyOf(edge, location, ruleFor(edge.site, location.path)));
  });
  // before the client hears of its success, so that its next request cannot see the old state here
  await Promise.all(stale);
  const outcome: Outcome = { reason, hit: false, fwdStatus: response.status };
  return deliverAnswer(delivery, response, raw.body, outcome, {
    addPrivate: facts.hasSession,
    evaluateConditionals: false,
  });
}
