// Owns a child process from start to end: guarded, stopped in an orderly way, its unexpected death noticed.
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { devError } from "./error.ts";
import { guard } from "./watchdog.ts";

const GRACE_MS = 3000;

export interface Child {
  readonly process: ChildProcess;
  /** resolves when the child ends although nobody asked it to */
  readonly died: Promise<Error>;
  /** SIGTERM, then SIGKILL after three seconds; resolves when the child is gone */
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** for people: `redis-server` */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio: StdioOptions;
}

export function startChild({ name, command, args, env, stdio }: ChildOptions): Child {
  // Its own process group: a Ctrl-C reaches only us, and we stop the child in our order.
  const child = spawn(command, args, { stdio, detached: true, env: env ?? process.env });
  guard(child);
  let stopping = false;
  const gone = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  const died = new Promise<Error>((resolve) => {
    void gone.then((how) => {
      if (!stopping) resolve(devError("ChildDiedError", `${name} stopped unexpectedly (${how})`));
    });
  });
  return {
    process: child,
    died,
    async stop() {
      stopping = true;
      child.kill("SIGTERM");
      const kill = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
      await gone;
      clearTimeout(kill);
    },
  };
}

/** Passes a child's output on, line by line, each behind the child's name. */
export function prefixLines(stream: Readable | null, name: string, write: (line: string) => void): void {
  if (stream === null) return;
  createInterface({ input: stream }).on("line", (line) => write(`[${name}] ${line}`));
}

/** Runs a program to its end; resolves with its exit code and everything it wrote. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ code: number; output: string }> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code]: unknown[] = await once(child, "close");
  return { code: typeof code === "number" ? code : 1, output: Buffer.concat(chunks).toString() };
}
