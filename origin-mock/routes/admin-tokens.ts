// Owns revocation by administrators: of a token, or of all tokens and sessions of a user.
import { type Context, Hono } from "hono";
import * as v from "valibot";
import type { Sessions } from "../auth/sessions.ts";
import { isShopError } from "../error.ts";
import { readBody } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { problem } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";
import type { TokenCache } from "../gateway/token-cache.ts";
import { check, type Checked } from "../schema.ts";
import { adminOnly } from "./guard.ts";

type Target = { readonly token: string } | { readonly username: string };

const LONGEST = 4_096;
const TEXT = `must be a text of 1 to ${LONGEST} characters`;
const name = v.exactOptional(v.pipe(v.string(TEXT), v.minLength(1, TEXT), v.maxLength(LONGEST, TEXT)));

function parseTarget(body: Readonly<Record<string, unknown>>): Checked<Target> {
  const checked = check({ token: name, username: name }, body, "is not known here");
  const isOne = Object.hasOwn(body, "token") !== Object.hasOwn(body, "username");
  const either = { at: "", detail: "must have either a token or a username" };
  if (!isOne) return { ok: false, faults: [...(checked.ok ? [] : checked.faults), either] };
  if (!checked.ok) return checked;
  const { token, username = "" } = checked.value;
  return { ok: true, value: token === undefined ? { username } : { token } };
}

interface Parts {
  readonly tokens: Pick<TokenCache, "revoke">;
  readonly sessions: Pick<Sessions, "endAll">;
}

async function revokeAndAnswer(c: Context, { tokens, sessions }: Parts, target: Target): Promise<Response> {
  try {
    await tokens.revoke(target);
    if ("username" in target) await sessions.endAll(target.username);
  } catch (error) {
    if (!isShopError(error, "RedisUnavailable")) throw error;
    return problem(c, 503, "not everything was revoked: Redis does not answer", { headers: { "Retry-After": "5" } });
  }
  // The answer does not repeat the token, because answers are logged.
  return c.body(null, 204, POLICY.secret);
}

export function adminTokenRoutes(parts: Parts): Hono<ShopEnv> {
  const routes = new Hono<ShopEnv>();
  routes.post("/revoke", adminOnly("revoke tokens"), async (c) => {
    const read = await readBody(c, parseTarget);
    return read instanceof Response ? read : revokeAndAnswer(c, parts, read.body);
  });
  return routes;
}
