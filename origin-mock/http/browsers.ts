// Owns the protection of browsers: the permitted uses of an answer, and the pages that may change things.
import type { MiddlewareHandler } from "hono";
import { problem } from "./problem.ts";

/** For answers that are no page: shown by itself, one loads nothing, runs nothing and is framed by nobody. */
const INERT = "default-src 'none'; frame-ancestors 'none'";

/** Mounted outside the gateway, so that the gateway's own answers get the fields too. */
export const inert: MiddlewareHandler = async (c, next) => {
  await next();
  const { headers } = c.res;
  headers.set("X-Content-Type-Options", "nosniff");
  if (!headers.has("Content-Security-Policy")) headers.set("Content-Security-Policy", INERT);
};

const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
/** "none" is the person's own navigation. Programs send no such field, and have no cookies but their own. */
const OWN = new Set(["same-origin", "none"]);

/**
 * Refuses unsafe methods from other sites' pages, and from sibling hosts, which SameSite lets through (Fetch
 * Metadata). A page can set cookies even where none are sent, so without this any page could sign its visitors out.
 */
export const ownPagesOnly: MiddlewareHandler = async (c, next) => {
  const site = c.req.header("Sec-Fetch-Site");
  if (SAFE.has(c.req.method) || site === undefined || OWN.has(site)) return next();
  return problem(c, 403, "pages of other sites may not change anything here");
};
