// Proves that a shop killed in the middle of a batch loses nothing: another one claims what it had been given.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readBacklog } from "../../../origin-mock/db/outbox.ts";
import { openPostgres } from "../../../origin-mock/db/postgres.ts";
import { startShop } from "../../../origin-mock/server.ts";
import { createFakeEdge, receipt } from "../support/edge.ts";
import { createTestRedis } from "../support/redis.ts";
import { ADMIN } from "../support/shop.ts";

const PROGRAM = fileURLToPath(new URL("../../../origin-mock/server.ts", import.meta.url));
const serverUrl = process.env["TEST_DATABASE_URL"];

const firstLine = async (output: AsyncIterable<unknown>): Promise<string> => {
  let text = "";
  for await (const chunk of output) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return text;
};

// The embedded database dies with its process, and every event with it: that there is none to lose is no finding.
test.skipIf(serverUrl === undefined)("kill -9 while the edge is being asked", { timeout: 60_000 }, async () => {
  const schema = `test_${randomBytes(6).toString("hex")}`;
  const admin = openPostgres(serverUrl ?? "", () => undefined);
  await admin.script(`CREATE SCHEMA ${schema}`);
  const databaseUrl = new URL(serverUrl ?? "");
  databaseUrl.searchParams.set("options", `-c search_path=${schema}`);
  const [redis, edge] = await Promise.all([createTestRedis(), createFakeEdge()]);
  const env = {
    ...process.env,
    PORT: "0",
    REDIS_URL: redis.url,
    DATABASE_URL: databaseUrl.href,
    STRATA_EDGE_URL: edge.url,
    STRATA_TOKEN: "x",
  };
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", "pipe", "inherit"] });
  const url = (await firstLine(child.stdout)).trim().replace(/^.*url=/, "");
  const asked = new Promise<void>((resolve) => {
    edge.answer = () => resolve();
  });
  for (const id of [1, 2, 3]) {
    const body = JSON.stringify({ price_cents: 1_000 + id });
    expect((await fetch(`${url}/api/products/${id}`, { method: "PUT", headers: ADMIN, body })).status).toBe(200);
  }
  await asked;
  child.kill("SIGKILL");
  await once(child, "exit");
  edge.purges.length = 0;
  edge.answer = receipt;
  const next = await startShop({
    port: 0,
    redisUrl: redis.url,
    databaseUrl: databaseUrl.href,
    edgeUrl: edge.url,
    token: "x",
  });
  const db = openPostgres(databaseUrl.href, () => undefined);
  while ((await readBacklog(db)).waiting > 0) await after(20);
  const tags = edge.purges.flatMap(({ body }) => Object.values(body ?? {}).flat());
  expect(tags).toEqual(expect.arrayContaining(["product:1", "product:2", "product:3"]));
  await next.close();
  await db.close();
  await admin.script(`DROP SCHEMA ${schema} CASCADE`);
  await admin.close();
  await Promise.all([redis.remove(), edge.close()]);
});
