// Proves the shop as a process: over real sockets, with a taken port, with a dead Redis, and closed by a signal.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startShop } from "../../origin-mock/server.ts";
import { freePort } from "../../cli/dev/ports.ts";
import { createTestRedis } from "./support/redis.ts";
import type { TestRedis } from "./support/redis.ts";

const PROGRAM = fileURLToPath(new URL("../../origin-mock/server.ts", import.meta.url));

let redis: TestRedis;
beforeAll(async () => {
  redis = await createTestRedis();
});
afterAll(() => redis.remove());

test("answers, says HEAD's length, and closes its port", { timeout: 60_000 }, async () => {
  const shop = await startShop({ port: 0, redisUrl: redis.url });
  const response = await fetch(`${shop.url}/api/products/7`);
  const length = (await response.arrayBuffer()).byteLength;
  expect(response.headers.get("content-length")).toBe(String(length));
  const head = await fetch(`${shop.url}/api/products/7`, { method: "HEAD" });
  expect([head.headers.get("content-length"), head.headers.get("x-cache-gateway")]).toEqual([String(length), "HIT"]);
  await shop.close();
  await expect(fetch(shop.url)).rejects.toThrow();
});

test("counts a client by its connection, and by what a trusted hop says of it", { timeout: 60_000 }, async () => {
  const left = async (url: string, address: string): Promise<string | undefined> => {
    const headers = { "X-Forwarded-For": address };
    const response = await fetch(`${url}/api/checkout`, { method: "POST", headers, body: "" });
    return /r=(\d+)/.exec(response.headers.get("ratelimit") ?? "")?.[1];
  };
  const remaining: (string | undefined)[][] = [];
  for (const trustedHops of [["127.0.0.1"], []]) {
    const shop = await startShop({ port: 0, redisUrl: redis.url, trustedHops });
    remaining.push([
      await left(shop.url, "192.0.2.1"),
      await left(shop.url, "192.0.2.2"),
      await left(shop.url, "192.0.2.3"),
    ]);
    await shop.close();
  }
  expect(remaining).toEqual([
    ["59", "59", "59"],
    ["59", "58", "57"],
  ]);
});

test("a taken port is a clear error", { timeout: 60_000 }, async () => {
  const port = await freePort("127.0.0.1");
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  await expect(startShop({ port, redisUrl: redis.url })).rejects.toThrow(`port ${port} on 127.0.0.1 is already in use`);
  other.close();
});

test("starts without Redis", { timeout: 60_000 }, async () => {
  const shop = await startShop({ port: 0, redisUrl: `redis://127.0.0.1:${await freePort("127.0.0.1")}` });
  const response = await fetch(`${shop.url}/api/products/7`);
  expect([response.status, response.headers.get("x-cache-app")]).toEqual([200, "BYPASS"]);
  await response.arrayBuffer();
  await shop.close();
});

test("as a program it says when it is ready, and ends on a signal", { timeout: 60_000 }, async () => {
  const env = { ...process.env, PORT: "0", REDIS_URL: redis.url };
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.includes("\n")) break;
  }
  expect(output).toMatch(/^shop ready url=http:\/\/127\.0\.0\.1:\d+\n$/);
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
});

test("without REDIS_URL it says what is missing", { timeout: 60_000 }, async () => {
  const env = { ...process.env, REDIS_URL: "" };
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", "ignore", "pipe"] });
  const exit = once(child, "exit");
  let errors = "";
  for await (const chunk of child.stderr) errors += String(chunk);
  expect(await exit).toEqual([1, null]);
  expect(errors).toContain("REDIS_URL is not set");
});
