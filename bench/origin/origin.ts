// Owns starting the origin in a thread of its own, and asking it how often it was asked.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

export interface Origin {
  readonly url: string;
  /** Requests since the last time of asking. */
  asked(): Promise<number>;
  close(): Promise<void>;
}

export async function startOrigin(): Promise<Origin> {
  const thread = new Worker(new URL("./origin-thread.ts", import.meta.url));
  const [port]: unknown[] = await once(thread, "message");
  const url = `http://127.0.0.1:${String(port)}`;
  return {
    url,
    asked: async () => Number(await (await fetch(`${url}/-/asked`)).text()),
    async close() {
      await thread.terminate();
    },
  };
}
