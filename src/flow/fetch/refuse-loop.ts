// Owns the refusal of requests that have passed this edge before (RFC 8586).
import type { RequestFacts } from "../../http/message/facts.ts";
import { isLoop } from "../../http/message/cdn-loop.ts";
import type { Edge, Exchange } from "../edge.ts";
import { deliverProblem } from "../answer/error-answer.ts";

/**
 * The answer to a request that has come back; `undefined` for any other. A fresh hit goes no further than this edge,
 * so nobody calls this for it. Call it before waiting for another's fetch, which may be the one that led here.
 */
export function refuseLoop(edge: Edge, exchange: Exchange, facts: RequestFacts): Response | undefined {
  const { headers } = exchange.request;
  if (!isLoop((field) => headers.get(field) ?? undefined, edge.name)) return undefined;
  const title = "the request has come back to this edge: its origin leads here";
  return deliverProblem({ exchange, facts, nowMs: edge.clock.now() }, 508, title, { reason: "loop", hit: false });
}
