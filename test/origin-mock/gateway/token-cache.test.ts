// Proves what is remembered of tokens, against a real Redis: how long, under which name, and that a revoked one stays revoked.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { demonstrationTokens } from "../../../origin-mock/auth/identify.ts";
import type { Identity } from "../../../origin-mock/auth/identify.ts";
import { gatewayCommands } from "../../../origin-mock/gateway/redis.ts";
import { createTokenCache } from "../../../origin-mock/gateway/token-cache.ts";
import type { TokenCache } from "../../../origin-mock/gateway/token-cache.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

const ALICE: Identity = { username: "alice", role: "customer" };
const TOKEN = "alice-token";
const barrier = <T = void>() => Promise.withResolvers<T>();

let server: TestRedis;
let connection: RedisConnection;
let reports: string[] = [];
let questions = 0;
/** The authority's work before it answers. */
let thinking: () => Promise<void> = async () => undefined;
let tokens: TokenCache;
const open = (secret?: string): TokenCache =>
  createTokenCache({
    redis: gatewayCommands(connection),
    validate: async (token) => {
      questions += 1;
      const identity = await demonstrationTokens(token);
      await thinking();
      return identity;
    },
    secret,
    report: (what, error) => reports.push(`${what} ${String(error)}`),
  });

beforeAll(async () => {
  server = await createTestRedis();
  const quiet = (): void => undefined;
  connection = await openRedis(server.url, { ready: quiet, error: quiet });
});
afterAll(async () => {
  await connection.close();
  await server.remove();
});
beforeEach(async () => {
  await connection.run((client) => client.flushAll());
  reports = [];
  questions = 0;
  thinking = async () => undefined;
  tokens = open();
});

/** As the door does it. */
const ask = async (token = TOKEN, of = tokens): Promise<Identity | undefined> => {
  const recalled = await of.recall(token);
  if (recalled.kind === "unknown") return of.validate(token);
  return recalled.kind === "valid" ? recalled.identity : undefined;
};
const keys = (): Promise<string[]> => connection.run((client) => client.keys("*"));
const lifetimeMs = async (): Promise<number> => connection.run(async (client) => client.pTTL((await keys())[0] ?? ""));

test("the authority is asked once a minute for a good token, by all processes together", async () => {
  expect(await ask()).toEqual(ALICE);
  expect(await ask()).toEqual(ALICE);
  expect(await ask(TOKEN, open())).toEqual(ALICE);
  expect(questions).toBe(1);
  const left = await lifetimeMs();
  expect(left > 50_000 && left <= 60_000).toBe(true);
});

test("and once in ten seconds for a bad one", async () => {
  expect([await ask("guess"), await ask("guess")]).toEqual([undefined, undefined]);
  expect(questions).toBe(1);
  const left = await lifetimeMs();
  expect(left > 5_000 && left <= 10_000).toBe(true);
});

test("concurrent callers share one question", async () => {
  const gate = barrier();
  thinking = () => gate.promise;
  const all = Promise.all(Array.from({ length: 20 }, () => tokens.validate(TOKEN)));
  gate.resolve();
  expect(new Set(await all)).toEqual(new Set([ALICE]));
  expect(questions).toBe(1);
});

test("an authority that fails has said nothing, and nothing is remembered", async () => {
  thinking = () => Promise.reject(new Error("the authority is away"));
  await expect(ask()).rejects.toThrow("the authority is away");
  expect(await keys()).toEqual([]);
  thinking = async () => undefined;
  expect(await ask()).toEqual(ALICE);
});

test("what was damaged in Redis is asked again", async () => {
  await ask();
  for (const text of ["{", '{"username":"admin","role":"king"}']) {
    const [key = ""] = await keys();
    await connection.run((client) => client.hSet(key, "identity", text));
    expect(await tokens.recall(TOKEN)).toEqual({ kind: "unknown" });
  }
});

test("no token is in Redis, and every key is of one size", async () => {
  const long = "x".repeat(5_000);
  await Promise.all([ask(), ask("bob-token"), ask("guess"), ask(long)]);
  await tokens.revoke({ token: "guess" });
  const names = await keys();
  const types = names.filter((name) => name.includes(":token:"));
  expect(types.every((name) => /:token:[\w-]{43}$/.test(name))).toBe(true);
  const values = await Promise.all(types.map((name) => connection.run((client) => client.hGetAll(name))));
  expect(JSON.stringify([names, values])).not.toMatch(/alice-token|bob-token|guess|xxxxx/);
});

test("a secret makes other digests", async () => {
  await ask(TOKEN, open("one secret"));
  const [one] = await keys();
  await connection.run((client) => client.flushAll());
  await ask(TOKEN, open("another"));
  expect((await keys())[0]).not.toBe(one);
});

describe.each([
  ["the token", { token: TOKEN }],
  ["the user", { username: "alice" }],
])("revoking %s", (_, what) => {
  test("refuses it at once, in every process, for longer than anything was remembered", async () => {
    await ask();
    const other = open();
    expect(await ask(TOKEN, other)).toEqual(ALICE);
    await tokens.revoke(what);
    expect([await ask(), await ask(TOKEN, other)]).toEqual([undefined, undefined]);
    expect(questions).toBe(1);
    expect(await ask("bob-token")).toMatchObject({ username: "bob" });
    const revoked = (await keys()).find((name) => name.includes("revoked")) ?? "";
    expect(await connection.run((client) => client.pTTL(revoked))).toBeGreaterThan(60_000 * 2);
    // When its minute is over the authority, which may not know yet, is not believed either.
    const known = (await keys()).filter((name) => name.includes(":token:"));
    await connection.run((client) => client.del(known));
    expect(await ask()).toBeUndefined();
  });

  test("a validation that began before and ended after it is refused", async () => {
    const [asked, gate] = [barrier(), barrier()];
    thinking = () => {
      asked.resolve();
      return gate.promise;
    };
    const answer = ask();
    await asked.promise;
    await tokens.revoke(what);
    gate.resolve();
    expect(await answer).toBeUndefined();
    thinking = async () => undefined;
    expect(await ask()).toBeUndefined();
  });
});

// Breaks Redis: stays last.
test("without Redis the authority is asked, nothing can be revoked, and no report names a token", async () => {
  await server.stop();
  expect([await ask(), await ask("guess")]).toEqual([ALICE, undefined]);
  expect(questions).toBe(2);
  await expect(tokens.revoke({ token: TOKEN })).rejects.toMatchObject({ name: "RedisUnavailable" });
  expect(reports.length).toBeGreaterThan(0);
  expect(reports.join()).not.toMatch(/alice|guess/);
});
