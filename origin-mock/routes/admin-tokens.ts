// Owns the administrator's way to shut somebody out: a token, or a user's tokens and sessions.
import { type Context, Hono } from "hono";
import type { Sessions } from "../auth/sessions.ts";
import { isShopError } from "../error.ts";
import { readJsonObject } from "../http/json-body.ts";
import { POLICY } from "../http/policy.ts";
import { type Fault, invalid, methodNotAllowed, pointer, problem } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";
import type { TokenCache } from "../gateway/token-cache.ts";
import { adminOnly } from "./guard.ts";

type Target = { readonly token: string } | { readonly username: string };
const LONGEST = 4_096;

function parseTarget(body: Readonly<Record<string, unknown>>): Target | readonly Fault[] {
  const faults: Fault[] = Object.keys(body)
    .filter((name) => name !== "token" && name !== "username")
    .map((name) => ({ in: "body", at: pointer(name), detail: "is not known here" }));
  const { token, username } = body;
  if ((token === undefined) === (username === undefined)) {
    return [...faults, { in: "body", at: "", detail: "must have either a token or a username" }];
  }
  const [name, value] = token === undefined ? ["username", username] : ["token", token];
  if (typeof value !== "string" || value === "" || value.length > LONGEST) {
    return [...faults, { in: "body", at: `/${name}`, detail: `must be a text of 1 to ${LONGEST} characters` }];
  }
  if (faults.length > 0) return faults;
  return token === undefined ? { username: value } : { token: value };
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
  // Nothing of the token: answers are logged.
  return c.body(null, 204, POLICY.secret);
}

export function adminTokenRoutes(parts: Parts): Hono<ShopEnv> {
  const routes = new Hono<ShopEnv>();
  routes.post("/revoke", adminOnly("revoke tokens"), async (c) => {
    const body = await readJsonObject(c);
    if (body.kind === "refused") return body.response;
    if (body.kind === "faulty") return invalid(c, [body.fault]);
    const target = parseTarget(body.value);
    return "length" in target ? invalid(c, target) : revokeAndAnswer(c, parts, target);
  });
  routes.all("/revoke", methodNotAllowed("POST"));
  return routes;
}
