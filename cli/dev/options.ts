// Owns the options of `strata dev`: read, validated, each problem one line that names its option.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { originUrl } from "../arguments/origin-url.ts";
import { wholeNumber } from "../arguments/whole-number.ts";
import { devError } from "./error.ts";
import type { DevOptions } from "./run.ts";

const MAX_EDGES = 16;
const MAX_PORT = 65_535;
const DEFAULT_PORT = 8787;
const DEFAULT_ORIGIN_PORT = 8788;

interface Flags {
  readonly origin?: string;
  readonly port: number;
  readonly originPort?: number;
  readonly config?: string;
  readonly edges: number;
}

export type Parsed =
  | { readonly kind: "run"; readonly options: DevOptions }
  | { readonly kind: "help"; readonly text: string };

/** Reads the arguments after the command's name; throws a UsageError with one line. */
export function parseDevOptions(args: readonly string[], env: NodeJS.ProcessEnv): Parsed {
  const command = devCommand();
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "help", text: command.helpInformation() };
    throw devError("UsageError", error.message.replace(/^error: /, ""), error);
  }
  const flags = command.opts<Flags>();
  const { port, edges, origin, config } = flags;
  const lastPort = port + edges - 1;
  if (origin !== undefined && isOwn(new URL(origin), port, lastPort)) {
    throw devError(
      "UsageError",
      `--origin ${origin} is the edge itself (port ${port} to ${lastPort}): choose another --port`,
    );
  }
  if (lastPort > MAX_PORT) throw devError("UsageError", `--port ${port} with --edges ${edges} goes beyond ${MAX_PORT}`);
  return {
    kind: "run",
    options: {
      port,
      edges,
      origin,
      config,
      originPort: originPortOf(flags, lastPort),
      token: env["STRATA_TOKEN"] || "dev-token",
      namedTokens: env["STRATA_TOKENS"],
      redisUrl: env["REDIS_URL"],
      databaseUrl: env["DATABASE_URL"],
    },
  };
}

function devCommand(): Command {
  return new Command("strata dev")
    .description("Run the edge, and a demonstration origin behind it, on this machine.")
    .option("--origin <url>", "front this origin instead of the demonstration shop", originUrl)
    .option("--port <n>", "port of the first edge", wholeNumber(0, MAX_PORT), DEFAULT_PORT)
    .option(
      "--origin-port <n>",
      `port of the demonstration shop (default: ${DEFAULT_ORIGIN_PORT})`,
      wholeNumber(0, MAX_PORT),
    )
    .option("--config <file>", "site configuration (default: strata.config.ts)", existingFile)
    .option("--edges <n>", "number of edges, on successive ports", wholeNumber(1, MAX_EDGES), 1)
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
}

/** Names and addresses of this machine: one that is not bound to the edge today may be tomorrow, and the request would go round. */
const LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])\.?$/;

/** With `--port 0` the edges take ports on which nobody listens, so no origin is there. */
function isOwn({ protocol, hostname, port }: URL, firstPort: number, lastPort: number): boolean {
  const asked = Number(port || (protocol === "https:" ? 443 : 80));
  return firstPort !== 0 && LOOPBACK.test(hostname) && asked >= firstPort && asked <= lastPort;
}

/** The default moves out of the way of the edges' ports; a chosen port that collides is an error. */
function originPortOf({ port, originPort, origin }: Flags, lastPort: number): number {
  const wanted = originPort ?? DEFAULT_ORIGIN_PORT;
  const collides = origin === undefined && wanted !== 0 && wanted >= port && wanted <= lastPort;
  if (!collides) return wanted;
  if (originPort !== undefined) {
    throw devError("UsageError", `--origin-port ${originPort} is also an edge's port (${port} to ${lastPort})`);
  }
  return lastPort < MAX_PORT ? lastPort + 1 : port - 1;
}

function existingFile(text: string): string {
  const file = resolve(text);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new InvalidArgumentError(`No such file: ${file}`);
  return file;
}
