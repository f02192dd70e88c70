// Owns sign-in sessions in Redis, with sliding expiry. Rejects with RedisUnavailable: the caller must fail closed.
import { createHash, randomBytes } from "node:crypto";
import { isRecord } from "../catalogue/product.ts";
import { cacheKey } from "../cache/key.ts";
import type { RedisPort } from "../cache/port.ts";

export const SESSION_IDLE_MS = 30 * 60_000;

export type Sessions = {
  /** The new session's id, to be told to nobody but the client. */
  start(username: string): Promise<string>;
  find(sid: string): Promise<string | undefined>;
  end(sid: string): Promise<void>;
};

// Redis keeps a digest, so that reading its keys does not give sessions away.
const sessionKey = (sid: string): string =>
  cacheKey({ entity: "session", id: createHash("sha256").update(sid).digest("base64url") });

const usernameOf = (text: string): string | undefined => {
  try {
    const session: unknown = JSON.parse(text);
    const username = isRecord(session) ? session["username"] : undefined;
    return typeof username === "string" ? username : undefined;
  } catch {
    return undefined;
  }
};

export const createSessions = (redis: Pick<RedisPort, "getAndTouch" | "set" | "del">): Sessions => ({
  async start(username) {
    const sid = randomBytes(32).toString("base64url");
    await redis.set(sessionKey(sid), JSON.stringify({ username }), SESSION_IDLE_MS);
    return sid;
  },
  async find(sid) {
    const text = await redis.getAndTouch(sessionKey(sid), SESSION_IDLE_MS);
    return text === undefined ? undefined : usernameOf(text);
  },
  end: (sid) => redis.del([sessionKey(sid)]),
});
