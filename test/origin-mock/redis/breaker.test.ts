// Proves the breaker: closed until a deadline passes, then one trial per rest until an answer comes.
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBreaker } from "../../../origin-mock/redis/breaker.ts";
import { openRedis } from "../../../origin-mock/redis/connection.ts";
import type { RedisConnection } from "../../../origin-mock/redis/connection.ts";
import { until } from "../../cli/until.ts";
import { createTestRedis } from "../support/redis.ts";
import type { TestRedis } from "../support/redis.ts";

test("one trial after every rest, everybody after an answer", () => {
  let nowMs = 0;
  const breaker = createBreaker(() => nowMs, 1_000);
  const admits = (atMs: number): boolean => {
    nowMs = atMs;
    return breaker.admits();
  };
  expect([admits(0), admits(0)]).toEqual([true, true]);
  breaker.timedOut();
  expect([admits(0), admits(999), admits(1_000), admits(1_000), admits(1_999)]).toEqual([
    false,
    false,
    true,
    false,
    false,
  ]);
  // The trial itself times out: another rest, counted from then.
  nowMs = 1_250;
  breaker.timedOut();
  expect([admits(2_249), admits(2_250)]).toEqual([false, true]);
  breaker.answered();
  expect([admits(2_250), admits(2_250)]).toEqual([true, true]);
});

let server: TestRedis;
let connection: RedisConnection;
beforeAll(async () => {
  server = await createTestRedis();
  const quiet = (): void => undefined;
  connection = await openRedis(server.url, { ready: quiet, error: quiet });
});
afterAll(async () => {
  await connection.close();
  await server.remove();
});

test("a hung server costs one deadline, then nothing; its late answer opens the way again", async () => {
  const ping = (): Promise<string> => connection.run((client) => client.ping());
  expect(await ping()).toBe("PONG");
  server.pause();
  await expect(ping()).rejects.toMatchObject({ name: "RedisUnavailable", message: "no answer within 250 ms" });
  for (let i = 0; i < 20; i += 1) await expect(ping()).rejects.toThrow("it did not answer a moment ago");
  server.resume();
  await until("it is asked again", () => ping().catch(() => undefined));
});

const busy = (ms: number): void => {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
};

test("an answer that came while this process was busy with something else is not late", async () => {
  server.pause();
  const answer = connection.run((client) => client.ping());
  // Written by then.
  for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  server.resume();
  busy(400);
  expect(await answer).toBe("PONG");
  expect(await connection.run((client) => client.ping())).toBe("PONG");
});

test("nor is a question that this process was too busy to send", async () => {
  const answer = connection.run((client) => client.ping());
  busy(400);
  expect(await answer).toBe("PONG");
});

test("what this process was busy for is not counted: the server is given as long to answer", async () => {
  server.pause();
  const answer = connection.run((client) => client.ping());
  busy(400);
  setTimeout(() => server.resume(), 20);
  expect(await answer).toBe("PONG");
});
