// Owns vitest as a child process: its report, how it ended, and that a signal to us reaches it.
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { Ending, Report } from "./summary.ts";

export interface Vitest {
  /** `env`: beside our own. A second run after a signal ends as that one did. */
  run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ending>;
}

/** @param program the script that Node runs */
export function vitestAt(program: string, cwd: string): Vitest {
  let running: ChildProcess | undefined;
  let interrupted: NodeJS.Signals | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      interrupted = signal;
      running?.kill(signal);
    });
  }
  return {
    run(args, env) {
      // between our start and its own, while servers start
      if (interrupted !== undefined) return Promise.resolve({ kind: "killed", signal: interrupted });
      const child = spawn(process.execPath, [program, "run", ...args], {
        cwd,
        env: { ...process.env, ...env },
        stdio: ["ignore", "inherit", "inherit"],
      });
      running = child;
      return new Promise((done) => {
        child.once("error", ({ message }) => done({ kind: "unstarted", why: message }));
        child.once("close", (code, signal) => {
          const by = signal ?? interrupted;
          done(by === undefined ? { kind: "exited", code: code ?? 1 } : { kind: "killed", signal: by });
        });
      });
    },
  };
}

/** Empty where vitest did not come to write one. */
export async function readReport(file: string): Promise<Report> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Report;
  } catch {
    return { testResults: [] };
  }
}
