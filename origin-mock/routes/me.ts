// Owns what a signed-in person sees about themselves: a profile their browser may keep, payment methods nobody may.
import { Hono } from "hono";
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { SESSION_COOKIE } from "../auth/identify.ts";
import type { Identify } from "../auth/identify.ts";
import type { Queryable } from "../db/port.ts";
import { findProfile, listPaymentMethods } from "../db/users.ts";
import { POLICY } from "../http/policy.ts";
import { methodNotAllowed, problem } from "../http/problem.ts";
import { contentETag, JSON_TYPE, respond } from "../http/respond.ts";
import type { ShopEnv } from "../http/trace.ts";
import { CHALLENGE } from "./sign-in.ts";

export const meRoutes = ({ db, identify }: { readonly db: Queryable; readonly identify: Identify }) => {
  const routes = new Hono<ShopEnv>();

  const whoAsks = (c: Context<ShopEnv>) =>
    identify({ authorization: c.req.header("Authorization"), sid: getCookie(c, SESSION_COOKIE) });
  const stranger = (c: Context<ShopEnv>): Response =>
    problem(c, 401, "sign in first", { headers: { ...CHALLENGE, Vary: "Authorization, Cookie" } });

  routes.get("/profile", async (c) => {
    const identity = await whoAsks(c);
    const profile = identity === undefined ? undefined : await findProfile(db, identity.username);
    if (profile === undefined) return stranger(c);
    const body = JSON.stringify(profile);
    return respond(c, {
      body,
      contentType: JSON_TYPE,
      validators: { etag: contentETag(body) },
      headers: POLICY.profile,
    });
  });
  routes.all("/profile", methodNotAllowed("GET, HEAD"));

  routes.get("/payment-methods", async (c) => {
    const identity = await whoAsks(c);
    if (identity === undefined) return stranger(c);
    return c.json({ payment_methods: await listPaymentMethods(db, identity.username) }, 200, POLICY.secret);
  });
  routes.all("/payment-methods", methodNotAllowed("GET, HEAD"));
  return routes;
};
