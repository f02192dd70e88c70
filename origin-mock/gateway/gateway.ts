// Owns the gateway's composition: its stores over Redis, made once a process, and its middleware, in order.
import type { Context, MiddlewareHandler } from "hono";
import type { Identify, ValidateToken } from "../auth/identify.ts";
import type { ShopEnv } from "../http/trace.ts";
import { admission } from "./admission.ts";
import type { Limits } from "./limits.ts";
import type { GatewayRedis } from "./port.ts";
import { createRateLimiter, type RateLimiter } from "./rate-limit.ts";
import { createGatewayCache, type GatewayCache } from "./response-cache.ts";
import { serve } from "./serve.ts";
import { createTokenCache, type TokenCache } from "./token-cache.ts";

export interface GatewayOptions {
  readonly limits: Limits;
  /** Addresses whose X-Forwarded-For is trusted. Without any, everybody behind the edge is one client. */
  readonly trustedHops: readonly string[];
  /** The other end of a request's connection. */
  readonly peerOf: (c: Context) => string | undefined;
}

export interface Gateway {
  readonly redis: GatewayRedis;
  readonly cache: GatewayCache;
  readonly tokens: TokenCache;
  readonly limiter: RateLimiter;
  readonly options: GatewayOptions;
}

export function openGateway(
  options: GatewayOptions,
  parts: {
    readonly redis: GatewayRedis;
    readonly validate: ValidateToken;
    readonly tokenSecret: string | undefined;
    readonly randomHex: (bytes: number) => string;
    readonly payBehind: () => Promise<void>;
    readonly report: (what: string, error: unknown) => void;
  },
): Gateway {
  const { redis, validate, tokenSecret: secret, report } = parts;
  return {
    redis,
    cache: createGatewayCache(parts),
    tokens: createTokenCache({ redis, validate, secret, report }),
    limiter: createRateLimiter({ redis, limits: options.limits, report }),
    options,
  };
}

interface Parts {
  readonly gateway: Gateway;
  readonly identify: Identify;
  readonly monotonicMs: () => number;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** Mount them after `traced` and before every route. */
export function createGateway({ gateway, identify, monotonicMs, nowMs }: Parts): readonly MiddlewareHandler<ShopEnv>[] {
  const { cache, tokens, limiter, options } = gateway;
  const { peerOf, trustedHops } = options;
  return [
    admission({ tokens, limiter, identify, peerOf, trustedHops, monotonicMs }),
    serve({ cache, monotonicMs, nowMs }),
  ];
}
