// Owns identities: a bearer token, for which this file is the authority, or the cookie of a session.
import { createHash, timingSafeEqual } from "node:crypto";
import * as v from "valibot";
import { parserOf } from "../schema.ts";
import type { Sessions } from "./sessions.ts";

const identity = v.object({ username: v.string(), role: v.picklist(["customer", "admin"]) });
export type Identity = Readonly<v.InferOutput<typeof identity>>;
export const parseIdentity: (value: unknown) => Identity | undefined = parserOf(identity);

/** The authority on bearer tokens. Undefined for an unknown token. Rejects when it cannot tell. */
export type ValidateToken = (token: string) => Promise<Identity | undefined>;

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

// Demonstration values, documented in the README.
const TOKENS: readonly { readonly digest: Buffer; readonly identity: Identity }[] = [
  { digest: digest("alice-token"), identity: { username: "alice", role: "customer" } },
  { digest: digest("bob-token"), identity: { username: "bob", role: "customer" } },
  { digest: digest("admin-token"), identity: { username: "admin", role: "admin" } },
];

export const demonstrationTokens: ValidateToken = async (token) => {
  const given = digest(token);
  return TOKENS.find((known) => timingSafeEqual(known.digest, given))?.identity;
};

export const SESSION_COOKIE = "sid";

/** Every 401 names the way in (RFC 9110 11.6.1). */
export const CHALLENGE = { "WWW-Authenticate": 'Bearer realm="shop"' } as const;

/** RFC 6750 2.1. Undefined for another scheme and for a malformed token. */
export function bearerToken(authorization: string): string | undefined {
  return /^Bearer +([\w\-.~+/]+=*) *$/i.exec(authorization)?.[1];
}

/** The owner of a session. Rejects with RedisUnavailable when that cannot be told. */
export type Identify = (sid: string | undefined) => Promise<Identity | undefined>;

export function createIdentify(sessions: Pick<Sessions, "find">): Identify {
  return async (sid) => {
    if (sid === undefined || sid === "") return undefined;
    const username = await sessions.find(sid);
    // Only customers have sessions. An administrator sends a token with each request, which no other site can forge.
    return username === undefined ? undefined : { username, role: "customer" };
  };
}
