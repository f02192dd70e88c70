// Owns the assets: files named by their content, so that a name never means anything else.
import { Hono } from "hono";
import type { Assets } from "../assets.ts";
import { POLICY } from "../http/policy.ts";
import { methodNotAllowed, problem } from "../http/problem.ts";
import { respond } from "../http/respond.ts";
import type { ShopEnv } from "../http/trace.ts";

export const staticRoutes = (assets: Assets) => {
  const routes = new Hono<ShopEnv>();
  routes.get("/:hashedName", (c) => {
    const name = c.req.param("hashedName");
    const asset = assets.byHashedName.get(name);
    // Not stored anywhere: during a roll-out another instance may know the name a moment later.
    if (asset === undefined) return problem(c, 404, `there is no asset ${name}`);
    return respond(c, {
      body: asset.bytes,
      contentType: asset.contentType,
      validators: { etag: `"${asset.hash}"` },
      headers: { ...POLICY.asset, "X-Content-Type-Options": "nosniff", "Cache-Tag": "static" },
    });
  });
  routes.all("/:hashedName", methodNotAllowed("GET, HEAD"));
  return routes;
};
