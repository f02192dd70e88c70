// Owns a real redis-server for one test file: started, stopped, paused and started again on the same port.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../cli/dev/ports.ts";

const BINARY = process.env["REDIS_SERVER"] ?? "redis-server";

export type TestRedis = {
  readonly url: string;
  /** Empty, as after a crash without persistence. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Accepts connections and never answers. */
  pause(): void;
  resume(): void;
  remove(): Promise<void>;
};

const untilReady = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let log = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("Ready to accept connections")) resolve();
    });
    child.once("error", (error) => reject(new Error(`${BINARY} cannot be started: ${error.message}`)));
    child.once("exit", (code) => reject(new Error(`${BINARY} ended with ${code}: ${log}`)));
  });

export const createTestRedis = async (settings: readonly string[] = []): Promise<TestRedis> => {
  const folder = await mkdtemp(join(tmpdir(), "strata-redis-"));
  const port = await freePort("127.0.0.1");
  const args = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    "--dir",
    folder,
    ...settings,
  ];
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined) return;
    const exit = once(running, "exit");
    running.kill("SIGKILL");
    await exit;
  };
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      child = spawn(BINARY, args, { stdio: ["ignore", "pipe", "ignore"] });
      await untilReady(child);
    },
    stop,
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    async remove() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await redis.start();
  return redis;
};
