// Owns the thread that asks: one job after the other, with the processor time each took.
import { parentPort } from "node:worker_threads";
import { type Job, perform } from "./jobs.ts";
import type { Done } from "./load.ts";

parentPort?.on("message", (job: Job) => {
  const before = process.threadCpuUsage();
  perform(job).then(
    (result) => {
      const { user, system } = process.threadCpuUsage(before);
      parentPort?.postMessage({ kind: "done", result, cpuMs: (user + system) / 1000 } satisfies Done);
    },
    (cause: unknown) => {
      const message = cause instanceof Error ? cause.message : String(cause);
      parentPort?.postMessage({ kind: "failed", message } satisfies Done);
    },
  );
});
