// Owns the asset routes: files named by their content, and the list of those names.
import { Hono } from "hono";
import type { Assets } from "../assets.ts";
import { POLICY } from "../http/policy.ts";
import { problem } from "../http/problem.ts";
import { contentETag, JSON_TYPE, respond } from "../http/respond.ts";
import type { ShopEnv } from "../http/trace.ts";

const TAG = { "Cache-Tag": "static" } as const;

export function staticRoutes({ manifest, byHashedName }: Pick<Assets, "manifest" | "byHashedName">) {
  const routes = new Hono<ShopEnv>();
  const list = JSON.stringify(Object.fromEntries([...manifest].map(([name, hashed]) => [name, `/static/${hashed}`])));
  const listETag = contentETag(list);

  // The only name here that changes its meaning with a release, so it is revalidated every time.
  routes.get("/manifest.json", (c) =>
    respond(c, {
      body: list,
      contentType: JSON_TYPE,
      validators: { etag: listETag },
      headers: { ...POLICY.manifest, ...TAG },
    }),
  );
  routes.get("/:hashedName", (c) => {
    const name = c.req.param("hashedName");
    const asset = byHashedName.get(name);
    // Stored nowhere, because during a release another instance may know the name a moment later.
    if (asset === undefined) return problem(c, 404, `there is no asset ${name}`);
    return respond(c, {
      body: asset.bytes,
      contentType: asset.contentType,
      validators: { etag: `"${asset.hash}"` },
      headers: { ...POLICY.asset, ...TAG },
    });
  });
  return routes;
}
