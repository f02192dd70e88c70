// Proves rate limiting against a real Redis: the quota, its return, many processes at once, and no Redis.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { classOf, LIMITS } from "../../../origin-mock/gateway/limits.ts";
import { createRateLimiter, rateLimitFields } from "../../../origin-mock/gateway/rate-limit.ts";
import type { Allowance, Client, RateLimiter } from "../../../origin-mock/gateway/rate-limit.ts";
import { gatewayCommands } from "../../../origin-mock/gateway/redis.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

const ALICE: Client = { kind: "user", name: "alice" };
let server: TestRedis;
let connection: RedisConnection;
let limiter: RateLimiter;

beforeAll(async () => {
  server = await createTestRedis();
  const quiet = (): void => undefined;
  connection = await openRedis(server.url, { ready: quiet, error: quiet });
  // 5 at once, and one more every 12 s.
  const limits = { ...LIMITS, login: { quota: 5, windowSeconds: 60 } };
  limiter = createRateLimiter({ redis: gatewayCommands(connection), limits, report: quiet });
});
afterAll(async () => {
  await connection.close();
  await server.remove();
});
beforeEach(() => connection.run((client) => client.flushAll()));

const take = async (client = ALICE): Promise<Allowance> => {
  const allowance = await limiter.take("login", client);
  if (allowance === undefined) throw new Error("Redis does not answer");
  return allowance;
};
const drain = async (client = ALICE): Promise<void> => {
  for (let i = 0; i < 5; i += 1) await take(client);
};
/** Redis's clock cannot be moved; the value it is compared with can. */
const passSeconds = async (seconds: number): Promise<void> => {
  const [key = ""] = await connection.run((client) => client.keys("*"));
  const arrival = Number(await connection.run((client) => client.get(key)));
  await connection.run((client) => client.set(key, String(arrival - seconds * 1_000_000)));
};

test("the quota at once, then a wait; a refused request costs nothing", async () => {
  const seen: Allowance[] = [];
  for (let i = 0; i < 8; i += 1) seen.push(await take());
  expect(seen.map(({ remaining }) => remaining)).toEqual([4, 3, 2, 1, 0, 0, 0, 0]);
  expect(seen.map(({ retryAfterSeconds }) => retryAfterSeconds)).toEqual([
    ...Array.from({ length: 5 }, () => undefined),
    12,
    12,
    12,
  ]);
  expect(seen.map(({ resetSeconds }) => resetSeconds)).toEqual([12, 24, 36, 48, 60, 60, 60, 60]);
});

test("it comes back evenly", async () => {
  await drain();
  await passSeconds(12);
  expect((await take()).retryAfterSeconds).toBeUndefined();
  expect((await take()).retryAfterSeconds).toBe(12);
  await passSeconds(60);
  expect((await take()).remaining).toBe(4);
});

test("a clock set back keeps nobody out for longer than a window", async () => {
  await drain();
  await passSeconds(-100_000);
  expect((await take()).retryAfterSeconds).toBe(12);
});

test("clients and classes have quotas of their own, and a name is not an address", async () => {
  await drain();
  expect((await take({ kind: "user", name: "bob" })).remaining).toBe(4);
  expect((await take({ kind: "address", name: "alice" })).remaining).toBe(4);
  expect((await limiter.take("checkout", ALICE))?.remaining).toBe(LIMITS.checkout.quota - 1);
});

test("of many at once exactly the quota passes, and the key goes when it says nothing more", async () => {
  const all = await Promise.all(Array.from({ length: 50 }, () => take()));
  expect(all.filter(({ retryAfterSeconds }) => retryAfterSeconds === undefined)).toHaveLength(5);
  const [key = ""] = await connection.run((client) => client.keys("*"));
  const left = await connection.run((client) => client.pTTL(key));
  expect(left > 50_000 && left <= 60_000).toBe(true);
});

test("names no client in Redis", async () => {
  await take({ kind: "address", name: "203.0.113.9" });
  expect(await connection.run((client) => client.keys("*203.0.113.9*"))).toEqual([]);
});

test("the fields are structured, the policy's name in both", async () => {
  expect(rateLimitFields(await take())).toEqual({
    RateLimit: '"login";r=4;t=12',
    "RateLimit-Policy": '"login";q=5;w=60',
  });
});

test.each([
  ["GET", "/api/login", "read"],
  ["HEAD", "/", "read"],
  ["POST", "/api/login", "login"],
  ["POST", "/api/checkout", "checkout"],
  ["POST", "/api/cart/items", "write"],
  ["DELETE", "/api/products/7", "write"],
])("%s %s is a %s", (method, path, expected) => expect(classOf(method, path)).toBe(expected));

// Breaks Redis: stays last.
test("without Redis everybody passes", async () => {
  await server.stop();
  expect(await limiter.take("login", ALICE)).toBeUndefined();
});
