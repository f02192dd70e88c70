// Owns the content route: every path that is not an admin path goes through the flow.
import type { Edge, Exchange } from "../flow/edge.ts";
import { isNavigation, serveNavigation } from "../flow/answer/clear-site-data.ts";
import { serve } from "../flow/serve.ts";
import { timings } from "../flow/support/timings.ts";
import { traceOf } from "../flow/support/trace.ts";
import { DependencyError } from "../error.ts";

type Context = Pick<ExecutionContext, "waitUntil">;

export function contentRoute(
  request: Request,
  edge: Edge,
  context: Context,
  shows: Exchange["shows"] = "codes",
): Promise<Response> {
  const exchange = { ...exchangeOf(request, edge, backgroundOf(edge, context)), shows };
  return isNavigation(request) ? serveNavigation(edge, exchange, serve) : serve(edge, exchange);
}

/** The measured time begins here. */
export function exchangeOf(request: Request, edge: Edge, background: Exchange["background"]): Exchange {
  const measured = edge.site.serverTiming ? timings(edge.clock.now) : undefined;
  return { request, trace: traceOf(request.headers, edge.intake.ids), timings: measured, background };
}

/** Keeps work alive after the response, and reports its failures. */
export function backgroundOf(edge: Edge, context: Context): Exchange["background"] {
  return (work) => {
    context.waitUntil(
      work.catch((cause: unknown) => {
        edge.report(new DependencyError("background", "work failed", { cause }));
      }),
    );
  };
}
