// Owns the load: jobs given to a thread of their own, with a bound in time.
import { Worker } from "node:worker_threads";
import type { Job, JobResult } from "./jobs.ts";

/** The thread's message when a job has ended. */
export type Done =
  | { readonly kind: "done"; readonly result: JobResult; readonly cpuMs: number }
  | { readonly kind: "failed"; readonly message: string };

export interface Loaded extends JobResult {
  /** Processor time of the client's thread. */
  readonly clientCpuMs: number;
}

export interface Load {
  /** Rejects when any answer is wrong. One job at a time. */
  run(job: Job): Promise<Loaded>;
  close(): Promise<void>;
}

const LIMIT_MS = 600_000;

export function startLoad(): Load {
  const thread = new Worker(new URL("./load-thread.ts", import.meta.url));
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const onError = (cause: unknown): void => {
          finish();
          reject(cause instanceof Error ? cause : new Error(String(cause)));
        };
        const timer = setTimeout(onError, LIMIT_MS, new Error(`${job.path}: not done in ${String(LIMIT_MS / 1000)} s`));
        const onMessage = (done: Done): void => {
          finish();
          if (done.kind === "done") resolve({ ...done.result, clientCpuMs: done.cpuMs });
          else reject(new Error(done.message));
        };
        const finish = (): void => {
          clearTimeout(timer);
          thread.off("message", onMessage).off("error", onError);
        };
        thread.on("message", onMessage).on("error", onError);
        thread.postMessage(job);
      }),
    async close() {
      await thread.terminate();
    },
  };
}
