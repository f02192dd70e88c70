// Owns what keeps browsers from doing harm with the shop: what no answer may be taken for, and whose pages may change things.
import type { MiddlewareHandler } from "hono";
import { problem } from "./problem.ts";

/** For what is no page: shown by itself it loads nothing, runs nothing and is in nobody's frame. */
const INERT = "default-src 'none'; frame-ancestors 'none'";

/** Outside of the gateway, so that its own answers are no exception. */
export const inert: MiddlewareHandler = async (c, next) => {
  await next();
  const { headers } = c.res;
  headers.set("X-Content-Type-Options", "nosniff");
  if (!headers.has("Content-Security-Policy")) headers.set("Content-Security-Policy", INERT);
};

const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
/** "none": the person did it, without any page. A program says nothing, and has no cookies but its own. */
const OWN = new Set(["same-origin", "none"]);

/**
 * Unsafe methods from other sites' pages, and from other hosts of this one, which SameSite lets through (Fetch Metadata). Cookies
 * that are not sent can still be set: without this any page could sign its visitors out.
 */
export const ownPagesOnly: MiddlewareHandler = async (c, next) => {
  const site = c.req.header("Sec-Fetch-Site");
  if (SAFE.has(c.req.method) || site === undefined || OWN.has(site)) return next();
  return problem(c, 403, "pages of other sites may not change anything here");
};
