// Owns the demonstration shop as seen from outside: a supervised child process on a loopback port.
import { fileURLToPath } from "node:url";
import { prefixLines, startChild } from "./child.ts";
import { assertPortFree } from "./ports.ts";

export interface ShopOptions {
  readonly port: number;
  readonly redisUrl: string;
  readonly databaseUrl: string | undefined;
  readonly edgeUrl: string;
  readonly token: string;
  readonly log: (line: string) => void;
  /** gives up the start */
  readonly signal: AbortSignal;
  /** the script to run; tests bring a stand-in */
  readonly script?: string | undefined;
}

export interface Shop {
  readonly url: string;
  readonly died: Promise<Error>;
  close(): Promise<void>;
}

/** Resolves when the shop listens; rejects when its process ends before that. */
export async function startShopProcess(options: ShopOptions): Promise<Shop> {
  await assertPortFree("127.0.0.1", options.port, "--origin-port");
  const child = startChild({
    name: "the demonstration origin",
    command: process.execPath,
    args: [options.script ?? fileURLToPath(new URL("./shop-process.ts", import.meta.url))],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      ...process.env,
      PORT: String(options.port),
      REDIS_URL: options.redisUrl,
      ...(options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl }),
      STRATA_EDGE_URL: options.edgeUrl,
      STRATA_TOKEN: options.token,
    },
  });
  prefixLines(child.process.stdout, "shop", options.log);
  prefixLines(child.process.stderr, "shop", options.log);
  const ready = new Promise<void>((resolve) => {
    child.process.once("message", () => resolve());
  });
  const { signal } = options;
  const givenUp = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("the start was given up", { cause: signal.reason })));
  });
  try {
    signal.throwIfAborted();
    await Promise.race([ready, givenUp, child.died.then((error) => Promise.reject(error))]);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${options.port}`, died: child.died, close: child.stop };
}
