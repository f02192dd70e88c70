// Owns the door of what is not for everybody: who asks, and the answers to those who may not.
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { SESSION_COOKIE } from "../auth/identify.ts";
import type { Identify, Identity } from "../auth/identify.ts";
import { POLICY } from "../http/policy.ts";
import { problem } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";

/** Every 401 names the way in (RFC 9110 11.6.1). */
export const CHALLENGE = { "WWW-Authenticate": 'Bearer realm="shop"' } as const;

export const whoAsks = (c: Context, identify: Identify): Promise<Identity | undefined> =>
  identify({ authorization: c.req.header("Authorization"), sid: getCookie(c, SESSION_COOKIE) });

export const signInFirst = (c: Context): Response =>
  problem(c, 401, "sign in first", { headers: { ...CHALLENGE, ...POLICY.confidential } });

/** Who has come in. */
export type SignedInEnv = { Variables: ShopEnv["Variables"] & { identity: Identity } };

export const signedIn = (identify: Identify) =>
  createMiddleware<SignedInEnv>(async (c, next) => {
    const identity = await whoAsks(c, identify);
    if (identity === undefined) return signInFirst(c);
    c.set("identity", identity);
    return next();
  });

/** A token is needed, which no other site can send: a cookie is not enough. */
export const adminOnly = (identify: Identify, what: string) =>
  createMiddleware<ShopEnv>(async (c, next) => {
    const identity = await identify({ authorization: c.req.header("Authorization"), sid: undefined });
    if (identity === undefined) return problem(c, 401, "an administrator's token is needed", { headers: CHALLENGE });
    if (identity.role !== "admin") return problem(c, 403, `${identity.username} may not change ${what}`);
    return next();
  });
