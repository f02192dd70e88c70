// Owns signing in and out. Without Redis both answer 503: nothing is known about sessions then, so none is believed.
import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { CHALLENGE, SESSION_COOKIE } from "../auth/identify.ts";
import { passwordMatches } from "../auth/passwords.ts";
import type { Sessions } from "../auth/sessions.ts";
import type { Carts } from "../cart/carts.ts";
import type { Queryable } from "../db/port.ts";
import { findPasswordHash } from "../db/users.ts";
import { shopError } from "../error.ts";
import { tooMany } from "../gateway/admission.ts";
import type { RateLimiter } from "../gateway/rate-limit.ts";
import { readJsonObject } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { type Fault, invalid, methodNotAllowed, problem } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";
import { forgetGuest, guestIdOf } from "./guest.ts";

function parseCredentials(body: Readonly<Record<string, unknown>>) {
  const { username, password } = body;
  const faults: Fault[] = [];
  for (const [name, value] of Object.entries({ username, password })) {
    if (typeof value !== "string" || value === "" || value.length > 200 || value.includes("\0")) {
      faults.push({ in: "body", at: `/${name}`, detail: "must be text of 1 to 200 characters" });
    }
  }
  return { username: String(username), password: String(password), faults };
}

interface Parts {
  readonly db: Queryable;
  readonly sessions: Sessions;
  readonly carts: Pick<Carts, "merge">;
  readonly limiter: RateLimiter;
}

/** The refusal of one guess too many. Rejects where guesses cannot be counted: 503 for all, which tells nothing of passwords. */
async function refusalOf(c: Context<ShopEnv>, limiter: RateLimiter, username: string): Promise<Response | undefined> {
  const allowance = await limiter.take("guess", { kind: "guess", address: c.var.address, username });
  if (allowance === undefined) throw shopError("RedisUnavailable", "guesses cannot be counted");
  return allowance.retryAfterSeconds === undefined ? undefined : tooMany(c, allowance);
}

export function signInRoutes({ db, sessions, carts, limiter }: Parts) {
  const routes = new Hono<ShopEnv>();

  routes.post("/login", async (c) => {
    const body = await readJsonObject(c);
    if (body.kind === "refused") return body.response;
    if (body.kind === "faulty") return invalid(c, [body.fault]);
    const { username, password, faults } = parseCredentials(body.value);
    if (faults.length > 0) return invalid(c, faults);
    const refusal = await refusalOf(c, limiter, username);
    if (refusal !== undefined) return refusal;
    if (!(await passwordMatches(password, await findPasswordHash(db, username)))) {
      return problem(c, 401, "the user name or the password is wrong", { headers: CHALLENGE });
    }
    const earlier = getCookie(c, SESSION_COOKIE);
    if (earlier !== undefined && earlier !== "") await sessions.end(earlier);
    // Always a new id: one that was planted before signing in gets nothing (session fixation).
    setCookie(c, SESSION_COOKIE, await sessions.start(username), {
      path: "/",
      httpOnly: true,
      sameSite: "Lax",
      secure: c.req.header("X-Forwarded-Proto") === "https",
    });
    // After all that can refuse, and before the answer: the cart is the person's from now on.
    const guest = guestIdOf(c);
    if (guest !== undefined) {
      await carts.merge(guest, username);
      forgetGuest(c);
    }
    return c.json({ username }, 200, POLICY.secret);
  });
  routes.all("/login", methodNotAllowed("POST"));

  routes.post("/logout", async (c) => {
    const sid = getCookie(c, SESSION_COOKIE);
    if (sid !== undefined && sid !== "") await sessions.end(sid);
    deleteCookie(c, SESSION_COOKIE, { path: "/" });
    return c.body(null, 204, POLICY.secret);
  });
  routes.all("/logout", methodNotAllowed("POST"));
  return routes;
}
