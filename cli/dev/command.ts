// Owns the terminal of `strata dev`: its output, signals, keys, the exit code.
import { createInterface } from "node:readline";
import { exitCodeOf, messageOf } from "./error.ts";
import { parseDevOptions } from "./options.ts";
import { type Dev, type DevOptions, startDev } from "./run.ts";

/** One Ctrl-C can arrive several times: from the terminal, and forwarded by whoever started us. */
const SAME_SIGNAL_MS = 300;

/**
 * Runs until a signal or a failure, then ends the process with the right exit code. `overrides` win over what the
 * arguments say; tests bring stand-ins by them.
 */
export async function devCommand(args: readonly string[], overrides: Partial<DevOptions> = {}): Promise<void> {
  let dev: Dev | undefined;
  let stoppingSince: number | undefined;

  const stop = async (code: number): Promise<void> => {
    stoppingSince = performance.now();
    // Before all is up there is no order to keep: the guardian of our children ends them.
    await dev?.close();
    process.exit(code);
  };
  const onSignal = (): void => {
    if (stoppingSince === undefined) void stop(0);
    else if (performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(0);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  // Present when cli/setup.mjs started us: the channel closes when it dies.
  if (process.connected) process.once("disconnect", onSignal);

  const restart = async (): Promise<void> => {
    if (dev === undefined) return complain("not restarted: not ready yet");
    try {
      await dev.restart();
      process.stdout.write("strata restarted: memory is empty; colo, KV and purge log kept\n");
    } catch (error) {
      complain(`not restarted, the old configuration stays: ${messageOf(error)}`);
    }
  };
  process.on("SIGHUP", () => void restart());

  try {
    const parsed = parseDevOptions(args, process.env);
    if (parsed.kind === "help") {
      process.stdout.write(parsed.text);
      process.exit(0);
    }
    dev = await startDev({ ...parsed.options, ...overrides });
  } catch (error) {
    const code = exitCodeOf(error);
    complain(code === undefined && error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
    process.exit(code ?? 1);
  }
  if (stoppingSince !== undefined) return stop(0);
  process.stdout.write(`${readyLine(dev)}\n`);
  if (process.stdin.isTTY) {
    createInterface({ input: process.stdin })
      .on("line", (line) => {
        if (line.trim() === "r") void restart();
      })
      // The terminal was closed.
      .on("close", onSignal);
  }
  const error = await dev.died;
  if (stoppingSince !== undefined) return;
  complain(messageOf(error));
  await stop(1);
}

export function readyLine({ edgeUrls, originUrl }: Pick<Dev, "edgeUrls" | "originUrl">): string {
  const [first, ...others] = edgeUrls;
  const further = others.map((url, i) => ` edge${i + 2}=${url}`).join("");
  return `strata ready edge=${first} origin=${originUrl}${further}`;
}

function complain(message: string): void {
  process.stderr.write(`strata: ${message}\n`);
}
