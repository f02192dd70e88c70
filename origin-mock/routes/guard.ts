// Owns the guards of private routes: admission, and the answers to everybody else.
import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { CHALLENGE } from "../auth/identify.ts";
import { POLICY } from "../http/policy.ts";
import { problem } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";

export function signInFirst(c: Context): Response {
  return problem(c, 401, "sign in first", { headers: { ...CHALLENGE, ...POLICY.confidential } });
}

/** The signed-in user. */
export interface SignedInEnv {
  Variables: ShopEnv["Variables"] & { username: string };
}

export const signedIn = createMiddleware<SignedInEnv>(async (c, next) => {
  const identity = await c.var.identity();
  if (identity === undefined) return signInFirst(c);
  c.set("username", identity.username);
  return next();
});

/** For administrators, who always send a token, because only customers have sessions. */
export function adminOnly(what: string): MiddlewareHandler<ShopEnv> {
  return createMiddleware<ShopEnv>(async (c, next) => {
    const identity = await c.var.identity();
    if (identity === undefined) return problem(c, 401, "an administrator's token is needed", { headers: CHALLENGE });
    if (identity.role !== "admin") return problem(c, 403, `${identity.username} may not ${what}`);
    return next();
  });
}
