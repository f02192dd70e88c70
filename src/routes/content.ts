// Owns the content route: everything that is not an admin path goes through the flow.
import type { Context } from "hono";
import type { Edge, Exchange } from "../flow/exchange.ts";
import { serve } from "../flow/serve.ts";
import { requestIdOf } from "../flow/trace.ts";
import { DependencyError } from "../error.ts";

export function contentRoute(c: Context, edge: Edge): Promise<Response> {
  const { executionCtx } = c;
  const exchange: Exchange = {
    request: c.req.raw,
    requestId: requestIdOf(c.req.raw.headers.get("x-request-id")),
    background(work) {
      executionCtx.waitUntil(
        work.catch((cause: unknown) => {
          edge.report(new DependencyError("background", "work failed", { cause }));
        }),
      );
    },
  };
  return serve(edge, exchange);
}
