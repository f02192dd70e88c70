// Owns the Redis server behind the demonstration shop: the one REDIS_URL names, or a throw-away one started here.
import { tmpdir } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { startChild } from "./child.ts";
import { devError, messageOf } from "./error.ts";
import { freePort } from "./ports.ts";
import { ensureRedisServerBinary } from "./redis-binary.ts";
import { pingRedis } from "./redis-ping.ts";

const START_DEADLINE_MS = 10_000;

export interface Redis {
  readonly url: string;
  /** resolves when a server started here ends by itself; never for a server of REDIS_URL */
  readonly died: Promise<Error>;
  close(): Promise<void>;
}

/** `redisUrl` (usually REDIS_URL) is used if given and must answer; otherwise an empty server is started. */
export async function startRedis(redisUrl: string | undefined): Promise<Redis> {
  return redisUrl === undefined || redisUrl === "" ? startServer() : useServer(redisUrl);
}

async function useServer(url: string): Promise<Redis> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    throw devError("RedisUnreachableError", `REDIS_URL must look like redis://HOST:PORT, not ${JSON.stringify(url)}`);
  }
  try {
    await pingRedis(url);
  } catch (error) {
    const { host } = new URL(url);
    throw devError("RedisUnreachableError", `the Redis server of REDIS_URL (${host}): ${messageOf(error)}`, error);
  }
  return { url, died: new Promise(() => undefined), close: async () => undefined };
}

async function startServer(): Promise<Redis> {
  const command = await ensureRedisServerBinary();
  const port = await freePort("127.0.0.1");
  // Nothing is written, so nothing is left behind when we are killed; a file of this name is never there to be loaded.
  const nothingKept = { save: "", appendonly: "no", dir: tmpdir(), dbfilename: `strata-${process.pid}-${port}.rdb` };
  const settings = { port, bind: "127.0.0.1", logfile: "", ...nothingKept };
  const child = startChild({
    name: "redis-server",
    command,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    stdio: "ignore",
  });
  const url = `redis://127.0.0.1:${port}`;
  try {
    await Promise.race([answers(url), child.died.then((error) => Promise.reject(error))]);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { url, died: child.died, close: child.stop };
}

async function answers(url: string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    try {
      return await pingRedis(url);
    } catch (error) {
      if (Date.now() > deadline) throw devError("RedisUnreachableError", "redis-server did not answer in time", error);
      await pause(20);
    }
  }
}
