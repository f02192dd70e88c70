// Owns admission to the gateway: the caller's identity and rate, and the marking of private answers.
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { bearerToken, CHALLENGE, type Identify, type Identity, SESSION_COOKIE } from "../auth/identify.ts";
import { problem } from "../http/problem.ts";
import { noteSpan, type ShopEnv } from "../http/trace.ts";
import { clientAddress } from "./client-address.ts";
import { classOf } from "./limits.ts";
import { type Asker, confinement, isUnshared } from "./policy.ts";
import { type Allowance, type Client, type RateLimiter, rateLimitFields } from "./rate-limit.ts";
import type { TokenCache } from "./token-cache.ts";

export interface AdmissionParts {
  readonly tokens: Pick<TokenCache, "recall" | "validate">;
  readonly limiter: RateLimiter;
  /** The owner of a session. It fails closed, so it is asked only when a route needs to know. */
  readonly identify: Identify;
  /** The other end of the connection. */
  readonly peerOf: (c: Context) => string | undefined;
  /** Addresses whose X-Forwarded-For is trusted, such as the edge's. */
  readonly trustedHops: readonly string[];
  readonly monotonicMs: () => number;
}

type Bearer =
  | { readonly kind: "none" }
  | { readonly kind: "known"; readonly identity: Identity }
  | { readonly kind: "stranger" }
  | { readonly kind: "limited"; readonly allowance: Allowance };
type Admission =
  | { readonly kind: "admitted"; readonly identity: Identity | undefined; readonly allowance: Allowance | undefined }
  | Exclude<Bearer, { kind: "none" | "known" }>;

export function askerOf(c: Context): Asker {
  const sid = getCookie(c, SESSION_COOKIE);
  const credentialed = c.req.header("Authorization") !== undefined || (sid !== undefined && sid !== "");
  return credentialed ? "credentialed" : "anonymous";
}

function isLimited(allowance: Allowance | undefined): allowance is Allowance {
  return allowance?.retryAfterSeconds !== undefined;
}

/** Counts guesses at tokens before the authority is asked. */
async function bearerOf(
  { tokens, limiter }: AdmissionParts,
  authorization: string | undefined,
  address: Client,
): Promise<Bearer> {
  if (authorization === undefined) return { kind: "none" };
  const token = bearerToken(authorization);
  if (token === undefined) return { kind: "stranger" };
  const recalled = await tokens.recall(token);
  if (recalled.kind === "valid") return { kind: "known", identity: recalled.identity };
  if (recalled.kind === "invalid") return { kind: "stranger" };
  const allowance = await limiter.take("token", address);
  if (isLimited(allowance)) return { kind: "limited", allowance };
  const identity = await tokens.validate(token);
  return identity === undefined ? { kind: "stranger" } : { kind: "known", identity };
}

async function admit(parts: AdmissionParts, c: Context<ShopEnv>): Promise<Admission> {
  const address: Client = { kind: "address", name: c.var.address };
  const bearer = await bearerOf(parts, c.req.header("Authorization"), address);
  if (bearer.kind === "limited") return bearer;
  const identity = bearer.kind === "known" ? bearer.identity : undefined;
  const client: Client = identity === undefined ? address : { kind: "user", name: identity.username };
  // Counts wrong tokens too, so that sending one does not bypass the limit.
  const allowance = await parts.limiter.take(classOf(c.req.method, c.req.path), client);
  if (isLimited(allowance)) return { kind: "limited", allowance };
  return bearer.kind === "stranger" ? bearer : { kind: "admitted", identity, allowance };
}

export function tooMany(c: Context, allowance: Allowance): Response {
  return problem(c, 429, `too many requests of the class ${allowance.limitClass}`, {
    headers: { "Retry-After": String(allowance.retryAfterSeconds ?? 1), ...rateLimitFields(allowance) },
  });
}

function finish(c: Context, asker: Asker, allowance: Allowance | undefined): void {
  const { headers } = c.res;
  const field = (name: string): string | undefined => headers.get(name) ?? undefined;
  if (asker === "credentialed") for (const [name, value] of confinement(field)) headers.set(name, value);
  // A shared cache would tell one client's count to all, so only unshared answers carry it.
  if (allowance === undefined || !isUnshared(field)) return;
  // Keeps the fields that a route has set for limits of its own.
  for (const [name, value] of Object.entries(rateLimitFields(allowance))) headers.append(name, value);
}

function whoAsks(parts: AdmissionParts, c: Context, bearer: Identity | undefined) {
  let asked: Promise<Identity | undefined> | undefined;
  return (): Promise<Identity | undefined> => {
    if (bearer !== undefined) return Promise.resolve(bearer);
    asked ??= parts.identify(getCookie(c, SESSION_COOKIE));
    return asked;
  };
}

export function admission(parts: AdmissionParts): MiddlewareHandler<ShopEnv> {
  return async (c, next) => {
    const startMs = parts.monotonicMs();
    c.set("address", clientAddress(parts.peerOf(c), c.req.header("X-Forwarded-For"), parts.trustedHops));
    const admitted = await admit(parts, c);
    const ms = parts.monotonicMs() - startMs;
    switch (admitted.kind) {
      case "limited":
        noteSpan(c.var.trace, { tier: "gateway", ms, outcome: "limited" });
        return tooMany(c, admitted.allowance);
      case "stranger":
        noteSpan(c.var.trace, { tier: "gateway", ms, outcome: "refused" });
        return problem(c, 401, "the token is nobody's", { headers: { ...CHALLENGE, Vary: "Authorization, Cookie" } });
      case "admitted":
        noteSpan(c.var.trace, { tier: "gateway", ms });
        c.set("identity", whoAsks(parts, c, admitted.identity));
        await next();
        return finish(c, askerOf(c), admitted.allowance);
    }
  };
}
