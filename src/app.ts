// Owns which path goes where. No caching law lives here.
import { Hono } from "hono";
import { DependencyError } from "./error.ts";
import { judgeBearer } from "./auth/tokens.ts";
import type { Edge } from "./flow/exchange.ts";
import { contentRoute } from "./routes/content.ts";
import { problemResponse } from "./routes/problem.ts";
import { purgeRoute } from "./routes/purge.ts";

/** What the app is mounted with. */
export interface Mounted {
  readonly edge: Edge;
  readonly token: string | undefined;
  readonly isDevelopment: boolean;
}

interface AppEnv {
  readonly Bindings: object;
  readonly Variables: { mounted: Mounted };
}

/** What a worker exports; a worker of one's own exports it, or calls it. */
export interface App {
  fetch(request: Request, env: object, context: ExecutionContext): Response | Promise<Response>;
}

export function createApp(mount: (env: object) => Mounted, report: (error: DependencyError) => void): App {
  const app = new Hono<AppEnv>();

  app.get("/.strata/health", () => Response.json({ status: "ok" }, { headers: { "cache-control": "no-store" } }));

  app.use("/.strata/*", async (c, next) => {
    const mounted = mount(c.env);
    const authority = await judgeBearer(c.req.header("authorization") ?? null, mounted.token, mounted.isDevelopment);
    if (authority === "closed") return problemResponse(404, "not found");
    if (authority === "denied")
      return problemResponse(401, "a valid bearer token is needed", [], { "www-authenticate": "Bearer" });
    c.set("mounted", mounted);
    return next();
  });
  app.post("/.strata/purge", (c) => {
    const { edge } = c.get("mounted");
    return purgeRoute(c.req.raw, edge.purges.purge, edge.site.maxLagMs);
  });
  // the prefix is ours: nothing below it reaches an origin
  app.all("/.strata/*", () => problemResponse(404, "not found"));

  app.all("*", (c) => contentRoute(c.req.raw, mount(c.env).edge, c.executionCtx));

  const failed = (cause: unknown): Response => {
    report(new DependencyError("request", "failed", { cause }));
    return problemResponse(500, "the edge failed to answer");
  };
  app.onError(failed);
  return {
    async fetch(request, env, context) {
      // content is most of what is asked for, and needs no routing
      if (request.url.includes("/.strata")) return app.fetch(request, env, context);
      try {
        return await contentRoute(request, mount(env).edge, context);
      } catch (cause) {
        return failed(cause);
      }
    },
  };
}
