// Owns a gateway before routes that a test scripts: real Redis, several processes' worth of gateways if asked for.
import { randomBytes } from "node:crypto";
import { Hono } from "hono";
import { createIdentify, demonstrationTokens } from "../../../origin-mock/auth/identify.ts";
import { createSessions } from "../../../origin-mock/auth/sessions.ts";
import type { Sessions } from "../../../origin-mock/auth/sessions.ts";
import { cacheCommands } from "../../../origin-mock/cache/redis.ts";
import { isShopError } from "../../../origin-mock/error.ts";
import { createGateway, openGateway } from "../../../origin-mock/gateway/gateway.ts";
import type { Gateway } from "../../../origin-mock/gateway/gateway.ts";
import { idempotent } from "../../../origin-mock/gateway/idempotency.ts";
import { LIMITS } from "../../../origin-mock/gateway/limits.ts";
import type { Limits } from "../../../origin-mock/gateway/limits.ts";
import { gatewayCommands } from "../../../origin-mock/gateway/redis.ts";
import { adminTokenRoutes } from "../../../origin-mock/routes/admin-tokens.ts";
import { problem } from "../../../origin-mock/http/problem.ts";
import { traced } from "../../../origin-mock/http/trace.ts";
import type { ShopEnv } from "../../../origin-mock/http/trace.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { createTestRedis } from "./redis.ts";
import type { TestRedis } from "./redis.ts";

const NOW_MS = Date.UTC(2026, 9, 1, 12, 0, 0, 500);
const PATIENCE_MS = 10_000;
const quiet = (): void => undefined;

export type Asked = { readonly who: () => Promise<string | undefined>; readonly text: () => Promise<string> };
/** The requests and answers of the scripted routes. */
export type Script = {
  readonly requests: Request[];
  answer: (asked: Asked) => Response | Promise<Response>;
};
export type GatewayShop = {
  readonly gateway: Gateway;
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
};
export type TestGateway = {
  readonly server: TestRedis;
  readonly connection: RedisConnection;
  readonly sessions: Sessions;
  readonly script: Script;
  /** Resolves when Redis has been connected to again since the call. */
  restart(): Promise<void>;
  /** `withinMs`: how long Redis is waited for; by default long. */
  open(limits?: Limits, withinMs?: number): GatewayShop;
  close(): Promise<void>;
};

const shopOver = (
  connection: RedisConnection,
  sessions: Sessions,
  script: Script,
  limits: Limits,
  withinMs: number,
): GatewayShop => {
  // Patient: tests of behaviour are no tests of this machine's speed.
  const redis = gatewayCommands({ run: (work) => connection.run(work, withinMs) });
  const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");
  const monotonicMs = (): number => performance.now();
  const gateway = openGateway(
    { limits, trustedHops: ["127.0.0.1"], peerOf: () => "127.0.0.1" },
    {
      redis,
      validate: demonstrationTokens,
      tokenSecret: undefined,
      randomHex,
      payBehind: async () => undefined,
      report: quiet,
    },
  );
  const identify = createIdentify(sessions);
  const app = new Hono<ShopEnv>();
  const nowMs = (): number => NOW_MS;
  app.use(traced({ monotonicMs, newId: () => randomHex(8), randomHex }));
  app.use(...createGateway({ gateway, identify, monotonicMs, nowMs }));
  app.route("/api/admin/tokens", adminTokenRoutes({ tokens: gateway.tokens, sessions }));
  app.use("/api/checkout", idempotent({ redis, newId: () => randomHex(8), nowMs, report: quiet }));
  app.all("*", (c) => {
    script.requests.push(c.req.raw);
    return script.answer({ who: async () => (await c.var.identity())?.username, text: () => c.req.text() });
  });
  app.onError((error, c) => problem(c, isShopError(error, "RedisUnavailable") ? 503 : 500, error.message));
  return { gateway, request: async (path, init) => app.request(path, init) };
};

export const openTestGateway = async (): Promise<TestGateway> => {
  const server = await createTestRedis();
  let ready = Promise.withResolvers<void>();
  const connection = await openRedis(server.url, { ready: () => ready.resolve(), error: quiet });
  const sessions = createSessions(cacheCommands(connection));
  const script: Script = { requests: [], answer: () => new Response("nothing") };
  return {
    server,
    connection,
    sessions,
    script,
    async restart() {
      await server.stop();
      ready = Promise.withResolvers<void>();
      await server.start();
      await ready.promise;
    },
    open: (limits = LIMITS, withinMs = PATIENCE_MS) => shopOver(connection, sessions, script, limits, withinMs),
    async close() {
      await connection.close();
      await server.remove();
    },
  };
};
