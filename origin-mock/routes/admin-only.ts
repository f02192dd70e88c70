// Owns the door to what administrators may do.
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { Identify } from "../auth/identify.ts";
import { problem } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";
import { CHALLENGE } from "./sign-in.ts";

export const adminOnly = (identify: Identify, what: string): MiddlewareHandler<ShopEnv> =>
  createMiddleware<ShopEnv>(async (c, next) => {
    const identity = await identify({ authorization: c.req.header("Authorization"), sid: undefined });
    if (identity === undefined) return problem(c, 401, "an administrator's token is needed", { headers: CHALLENGE });
    if (identity.role !== "admin") return problem(c, 403, `${identity.username} may not ${what}`);
    return next();
  });
