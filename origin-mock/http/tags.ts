// Owns the tag of the whole shop: every answer carries it, including errors and private ones, so that one purge reaches them all.
import type { MiddlewareHandler } from "hono";
import { SHOP_TAG } from "../invalidation/names.ts";

/**
 * Puts the tag before the route's. Mounted outside the gateway, which makes answers of its own and can forget
 * everything by itself.
 */
export const tagged: MiddlewareHandler = async (c, next) => {
  await next();
  const tags = c.res.headers.get("Cache-Tag");
  c.res.headers.set("Cache-Tag", tags === null ? SHOP_TAG : `${SHOP_TAG},${tags}`);
};
