// Owns sign-in sessions in Redis: sliding expiry, a longest life, and the end of all sessions of a person. Rejects with
// RedisUnavailable: the caller must fail closed.
import { createHash, randomBytes } from "node:crypto";
import { cacheKey } from "../cache/key.ts";
import type { RedisPort } from "../cache/port.ts";

export const SESSION_IDLE_MS = 30 * 60_000;
export const SESSION_LONGEST_MS = 12 * 60 * 60_000;
const MOST_SESSIONS = 20;

export interface Sessions {
  /** Returns the new session's id, a secret between the shop and the client. */
  start(username: string): Promise<string>;
  /** Returns the owner and extends the session, up to its longest life. */
  find(sid: string): Promise<string | undefined>;
  end(sid: string): Promise<void>;
  /** Ends every session of the person. Returns how many there were. */
  endAll(username: string): Promise<number>;
}

// A session is valid only while its owner's set lists it. Dropping the set ends all sessions at once, and a lost set
// ends its sessions instead of making them immortal. Redis's clock measures all times here.

// KEYS: session, the person's set. ARGV: username, milliseconds idle, longest milliseconds, most sessions.
const START = `
if redis.call('TYPE', KEYS[2]).ok ~= 'zset' then redis.call('DEL', KEYS[2]) end
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local endsMs = string.format('%.0f', nowMs + ARGV[3])
redis.call('HSET', KEYS[1], 'username', ARGV[1], 'ends', endsMs, 'owner', KEYS[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', nowMs)
redis.call('ZADD', KEYS[2], endsMs, KEYS[1])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -(tonumber(ARGV[4]) + 1))
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
`;

// KEYS: session. ARGV: milliseconds idle.
const FIND = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return false end
local session = redis.call('HMGET', KEYS[1], 'username', 'ends', 'owner')
local endsMs = tonumber(session[2] or '')
local time = redis.call('TIME')
local leftMs = (endsMs or 0) - (time[1] * 1000 + math.floor(time[2] / 1000))
local listed = session[1] and session[3] and redis.call('TYPE', session[3]).ok == 'zset'
  and redis.call('ZSCORE', session[3], KEYS[1])
if not listed or leftMs <= 0 then
  redis.call('DEL', KEYS[1])
  return false
end
redis.call('PEXPIRE', KEYS[1], math.min(leftMs, tonumber(ARGV[1])))
return session[1]
`;

// KEYS: session.
const END = `
local owner = redis.call('TYPE', KEYS[1]).ok == 'hash' and redis.call('HGET', KEYS[1], 'owner')
if owner and redis.call('TYPE', owner).ok == 'zset' then redis.call('ZREM', owner, KEYS[1]) end
return redis.call('DEL', KEYS[1])
`;

// KEYS: the person's set.
const END_ALL = `
local ended = redis.call('TYPE', KEYS[1]).ok == 'zset' and redis.call('ZCARD', KEYS[1]) or 0
redis.call('DEL', KEYS[1])
return ended
`;

// Redis stores a digest, so that a reader of its keys cannot take over sessions.
function sessionKey(sid: string): string {
  return cacheKey({ entity: "session", id: createHash("sha256").update(sid).digest("base64url") });
}
function ownerKey(username: string): string {
  return cacheKey({ entity: "user-sessions", id: username });
}

export function createSessions(redis: Pick<RedisPort, "eval">): Sessions {
  return {
    async start(username) {
      const sid = randomBytes(32).toString("base64url");
      const limits = [SESSION_IDLE_MS, SESSION_LONGEST_MS, MOST_SESSIONS].map(String);
      await redis.eval(START, [sessionKey(sid), ownerKey(username)], [username, ...limits]);
      return sid;
    },
    async find(sid) {
      const username = await redis.eval(FIND, [sessionKey(sid)], [String(SESSION_IDLE_MS)]);
      return typeof username === "string" ? username : undefined;
    },
    async end(sid) {
      await redis.eval(END, [sessionKey(sid)], []);
    },
    endAll: async (username) => Number(await redis.eval(END_ALL, [ownerKey(username)], [])),
  };
}
