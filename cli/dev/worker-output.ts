// Owns the output of the Workers runtime: it passes console lines on, and reports a failure to start as the worker's own error.
import { Log, LogLevel } from "miniflare";
import { devError, messageOf } from "./error.ts";

interface WorkerLine {
  readonly level: string;
  readonly message: string;
}

const CRASH = "The Workers runtime crashed unexpectedly";

/**
 * Miniflare's own warnings and errors. It accepts only its own class, which would write to standard output; that belongs
 * to the one line scripts read. That the runtime ended is not told at once: a Ctrl-C of a terminal ends it, too, and may reach it
 * before it reaches us.
 */
export class RuntimeLog extends Log {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    super(LogLevel.WARN);
    this.#write = write;
  }

  protected override log(message: string): void {
    if (!message.includes(CRASH)) this.#write(message);
  }

  /** For `unsafeHandleRuntimeRestart`: it had crashed, and answers again. */
  restarted(): void {
    this.#write("the Workers runtime crashed and was started again");
  }
}

const STARTUP = /^service core:user:\S+: /;

/** Passes console output on. A worker's failure to start is left out: `startFailure` tells it, once. */
export function workerLog(write: (line: string) => void): (line: WorkerLine) => void {
  return ({ message }) => {
    if (!STARTUP.test(message)) write(message);
  };
}

/** Turns the runtime's rejection into the message the worker threw at module start; all edges run the same module. */
export function startFailure(error: unknown): Error {
  for (const line of messageOf(error).split("\n")) {
    const message = logMessage(line);
    if (message === undefined || !STARTUP.test(message)) continue;
    const problems = message
      .replace(STARTUP, "")
      .replace(/^Uncaught (?:\w*Error: )?/, "")
      .replace(/(?:\n\s+at [^\n]+)+$/, "");
    return devError("ConfigurationError", `the worker does not start: ${problems}`, error);
  }
  return devError("RuntimeFailedError", `the Workers runtime does not start: ${messageOf(error)}`, error);
}

function logMessage(line: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== "object" || parsed === null || !("message" in parsed)) return undefined;
    return typeof parsed.message === "string" ? parsed.message : undefined;
  } catch {
    return undefined;
  }
}
