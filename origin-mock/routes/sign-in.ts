// Owns signing in and out. Without Redis both answer 503, because no session can then be trusted.
import { type Context, Hono } from "hono";
import * as v from "valibot";
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
import { readBody } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { problem } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";
import { check } from "../schema.ts";
import { forgetGuest, guestIdOf } from "./guest.ts";

// Not `text`: a password may be blank, and consist of whatever its owner likes.
const WORDS = "must be text of 1 to 200 characters";
const word = v.pipe(v.string(WORDS), v.minLength(1, WORDS), v.maxLength(200, WORDS), v.excludes("\0", WORDS));
const CREDENTIALS = { username: word, password: word };

interface Parts {
  readonly db: Queryable;
  readonly sessions: Sessions;
  readonly carts: Pick<Carts, "merge">;
  readonly limiter: RateLimiter;
}

/**
 * Refuses one guess too many. Rejects when guesses cannot be counted: everybody then gets a 503, which reveals nothing
 * about passwords.
 */
async function refusalOf(c: Context<ShopEnv>, limiter: RateLimiter, username: string): Promise<Response | undefined> {
  const allowance = await limiter.take("guess", { kind: "guess", address: c.var.address, username });
  if (allowance === undefined) throw shopError("RedisUnavailable", "guesses cannot be counted");
  return allowance.retryAfterSeconds === undefined ? undefined : tooMany(c, allowance);
}

export function signInRoutes({ db, sessions, carts, limiter }: Parts) {
  const routes = new Hono<ShopEnv>();

  routes.post("/login", async (c) => {
    const read = await readBody(c, (body) => check(CREDENTIALS, body));
    if (read instanceof Response) return read;
    const { username, password } = read.body;
    const refusal = await refusalOf(c, limiter, username);
    if (refusal !== undefined) return refusal;
    if (!(await passwordMatches(password, await findPasswordHash(db, username)))) {
      return problem(c, 401, "the user name or the password is wrong", { headers: CHALLENGE });
    }
    const earlier = getCookie(c, SESSION_COOKIE);
    if (earlier !== undefined && earlier !== "") await sessions.end(earlier);
    // Always a new id, so that an id planted before the sign-in gets nothing (session fixation).
    setCookie(c, SESSION_COOKIE, await sessions.start(username), {
      path: "/",
      httpOnly: true,
      sameSite: "Lax",
      secure: c.req.header("X-Forwarded-Proto") === "https",
    });
    // Runs after every check and before the answer: the cart belongs to the person from now on.
    const guest = guestIdOf(c);
    if (guest !== undefined) {
      await carts.merge(guest, username);
      forgetGuest(c);
    }
    return c.json({ username }, 200, POLICY.secret);
  });

  routes.post("/logout", async (c) => {
    const sid = getCookie(c, SESSION_COOKIE);
    if (sid !== undefined && sid !== "") await sessions.end(sid);
    deleteCookie(c, SESSION_COOKIE, { path: "/" });
    return c.body(null, 204, POLICY.secret);
  });
  return routes;
}
