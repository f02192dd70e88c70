// Owns the media routes: public files, stored for a day, with byte ranges.
import { Hono } from "hono";
import { POLICY } from "../http/policy.ts";
import { problem } from "../http/problem.ts";
import { respondRanged } from "../http/respond-ranged.ts";
import type { ShopEnv } from "../http/trace.ts";
import type { MediaFile } from "../media/file.ts";

export function mediaRoutes(library: ReadonlyMap<string, MediaFile>) {
  const routes = new Hono<ShopEnv>();
  routes.get("/:name", (c) => {
    const name = c.req.param("name");
    const file = library.get(name);
    if (file === undefined) return problem(c, 404, `there is no file ${name}`);
    const { contentType, sizeBytes, read, etag, lastModified } = file;
    return respondRanged(c, {
      contentType,
      sizeBytes,
      read,
      validators: { etag, lastModified },
      headers: { ...POLICY.media, "Cache-Tag": `media,media:${name}` },
    });
  });
  return routes;
}
