// Owns the content route: everything that is not an admin path goes through the flow.
import type { Edge, Exchange } from "../flow/exchange.ts";
import { isNavigation, serveNavigation } from "../flow/navigation.ts";
import { serve } from "../flow/serve.ts";
import { requestIdOf } from "../flow/trace.ts";
import { DependencyError } from "../error.ts";

export function contentRoute(
  request: Request,
  edge: Edge,
  context: Pick<ExecutionContext, "waitUntil">,
): Promise<Response> {
  const exchange: Exchange = {
    request,
    requestId: requestIdOf(request.headers.get("x-request-id")),
    background(work) {
      context.waitUntil(
        work.catch((cause: unknown) => {
          edge.report(new DependencyError("background", "work failed", { cause }));
        }),
      );
    },
  };
  return isNavigation(request) ? serveNavigation(edge, exchange, serve) : serve(edge, exchange);
}
