// Owns rate limiting: the generic cell rate algorithm in Redis, by Redis's clock. Without Redis, every request passes.
import type { Limit, LimitClass, Limits } from "./limits.ts";
import { digestOf, gatewayName, joinParts } from "./names.ts";
import type { GatewayRedis } from "./port.ts";

export type Client =
  | { readonly kind: "user" | "address"; readonly name: string }
  /** A sign-in attempt: the name, and the address it comes from. */
  | { readonly kind: "guess"; readonly address: string; readonly username: string };
export interface Allowance {
  readonly limitClass: LimitClass;
  readonly limit: Limit;
  readonly remaining: number;
  /** Seconds until the whole quota is back. */
  readonly resetSeconds: number;
  /** Undefined: the request may pass. */
  readonly retryAfterSeconds: number | undefined;
}
export interface RateLimiter {
  /** Counts one request. Undefined when Redis does not answer. */
  take(limitClass: LimitClass, client: Client): Promise<Allowance | undefined>;
}

function partsOf(client: Client): readonly string[] {
  return client.kind === "guess" ? [client.kind, client.address, client.username] : [client.kind, client.name];
}

// One number a client: the theoretical arrival time, when its quota will be whole again, in microseconds. A refused request
// costs nothing, so that who waits as told is let in.
// KEYS: the client's. ARGV: quota, window in microseconds. Reply: allowed, remaining, microseconds to the reset, and to the next.
const TAKE = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local quota, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local interval = window / quota
local arrival = tonumber(redis.call('GET', KEYS[1]) or now)
if arrival < now then arrival = now end
-- The clock was set back: nobody waits longer than a whole window.
if arrival > now + window then arrival = now + window end
local after = arrival + interval
local wait = after - window - now
if wait > 0.5 then
  return { 0, 0, math.ceil(arrival - now), math.ceil(wait) }
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return { 1, math.floor((now + window - after) / interval + 0.000001), math.ceil(after - now), 0 }
`;

function wholeSeconds(microseconds: number): number {
  return Math.ceil(microseconds / 1_000_000);
}

export function createRateLimiter(parts: {
  readonly redis: GatewayRedis;
  readonly limits: Limits;
  readonly report: (what: string, error: unknown) => void;
}): RateLimiter {
  return {
    async take(limitClass, client) {
      const limit = parts.limits[limitClass];
      // Digested, because addresses are personal data and clients choose user names.
      const key = gatewayName("limit", `${limitClass}:${digestOf(joinParts(partsOf(client)))}`);
      try {
        const reply = await parts.redis.run(
          TAKE,
          [key],
          [String(limit.quota), String(limit.windowSeconds * 1_000_000)],
        );
        if (!Array.isArray(reply)) return undefined;
        const [allowed = 1, remaining = 0, reset = 0, wait = 0] = reply.map(Number);
        return {
          limitClass,
          limit,
          remaining,
          resetSeconds: wholeSeconds(reset),
          retryAfterSeconds: allowed === 1 ? undefined : wholeSeconds(wait),
        };
      } catch (error) {
        parts.report("rate limit", error);
        return undefined;
      }
    },
  };
}

/** draft-ietf-httpapi-ratelimit-headers: lists of structured items, the policy's name in both. */
export function rateLimitFields({ limitClass, limit, remaining, resetSeconds }: Allowance) {
  return {
    RateLimit: `"${limitClass}";r=${remaining};t=${resetSeconds}`,
    "RateLimit-Policy": `"${limitClass}";q=${limit.quota};w=${limit.windowSeconds}`,
  } as const;
}
