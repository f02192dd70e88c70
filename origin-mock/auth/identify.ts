// Owns the answer to "who is asking": a bearer token, else a session cookie. A wrong token is never a guest.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Sessions } from "./sessions.ts";

export type Identity = { readonly username: string; readonly role: "customer" | "admin" };

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

// Demonstration values, documented in the README.
const TOKENS: readonly { readonly digest: Buffer; readonly identity: Identity }[] = [
  { digest: digest("alice-token"), identity: { username: "alice", role: "customer" } },
  { digest: digest("bob-token"), identity: { username: "bob", role: "customer" } },
  { digest: digest("admin-token"), identity: { username: "admin", role: "admin" } },
];

export const SESSION_COOKIE = "sid";

const byToken = (authorization: string): Identity | undefined => {
  const token = /^Bearer +([\w\-.~+/]+=*) *$/i.exec(authorization)?.[1];
  if (token === undefined) return undefined;
  const given = digest(token);
  return TOKENS.find((known) => timingSafeEqual(known.digest, given))?.identity;
};

export type Identify = (request: {
  readonly authorization: string | undefined;
  readonly sid: string | undefined;
}) => Promise<Identity | undefined>;

export const createIdentify =
  (sessions: Pick<Sessions, "find">): Identify =>
  async ({ authorization, sid }) => {
    if (authorization !== undefined) return byToken(authorization);
    if (sid === undefined || sid === "") return undefined;
    const username = await sessions.find(sid);
    // Sessions are for customers: an administrator's request always carries its token, which no other site can send.
    return username === undefined ? undefined : { username, role: "customer" };
  };
