// Owns the HTML shell: always asked about, seldom sent again.
import { Hono } from "hono";
import type { Assets } from "../assets.ts";
import { POLICY } from "../http/policy.ts";
import { methodNotAllowed } from "../http/problem.ts";
import { contentETag, respond } from "../http/respond.ts";
import type { ShopEnv } from "../http/trace.ts";

export const homeRoutes = ({ shell }: Pick<Assets, "shell">) => {
  const routes = new Hono<ShopEnv>();
  const etag = contentETag(shell);
  routes.get("/", (c) =>
    respond(c, {
      body: shell,
      contentType: "text/html; charset=utf-8",
      validators: { etag },
      headers: {
        ...POLICY.shell,
        "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Tag": "home",
      },
    }),
  );
  routes.all("/", methodNotAllowed("GET, HEAD"));
  return routes;
};
