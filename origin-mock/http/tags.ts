// Owns the shop's tag: every answer carries it, also errors and private ones, so that one purge reaches them all.
import type { MiddlewareHandler } from "hono";
import { SHOP_TAG } from "../invalidation/names.ts";

/** Puts it before the tags of the route. Outside of the gateway, which makes answers of its own and forgets everything by itself. */
export const tagged: MiddlewareHandler = async (c, next) => {
  await next();
  const tags = c.res.headers.get("Cache-Tag");
  c.res.headers.set("Cache-Tag", tags === null ? SHOP_TAG : `${SHOP_TAG},${tags}`);
};
