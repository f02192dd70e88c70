// Owns finding the redis-server program, and installing it where that needs no question.
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runToEnd } from "./child.ts";
import { devError } from "./error.ts";

/** What we ask of the machine; tests bring their own. */
export interface Machine {
  readonly isRoot: boolean;
  /** absolute path of a program */
  find(program: string): string | undefined;
  run(command: string, args: readonly string[]): Promise<{ code: number; output: string }>;
  say(line: string): void;
}

const USUAL_PLACES = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];

const THREE_WAYS = `no Redis server found, and it cannot be installed from here. Any one of these helps:
  the system's package     sudo apt-get install redis-server   or   brew install redis
  a container              docker run -d -p 6379:6379 redis   and then   REDIS_URL=redis://127.0.0.1:6379
  a server you have        REDIS_URL=redis://HOST:PORT`;

/** Finds `redis-server`, or installs it (apt as root, Homebrew); rejects with one message that names three ways. */
export async function ensureRedisServerBinary(machine: Machine = thisMachine()): Promise<string> {
  const found = machine.find("redis-server");
  if (found !== undefined) return found;
  const why = await install(machine);
  const installed = machine.find("redis-server");
  if (installed !== undefined) return installed;
  throw devError("RedisMissingError", why === undefined ? THREE_WAYS : `${THREE_WAYS}\n${why}`);
}

/** Returns why it failed, if it was tried. */
async function install(machine: Machine): Promise<string | undefined> {
  const apt = machine.isRoot ? machine.find("apt-get") : undefined;
  if (apt !== undefined) {
    machine.say("installing redis-server with apt-get (once)...");
    // Lists may be stale but usable: only the install decides.
    await machine.run(apt, ["update"]);
    return failure(await machine.run(apt, ["install", "-y", "--no-install-recommends", "redis-server"]));
  }
  const brew = machine.find("brew");
  if (brew === undefined) return undefined;
  machine.say("installing redis with Homebrew (once)...");
  return failure(await machine.run(brew, ["install", "redis"]));
}

function failure({ code, output }: { code: number; output: string }): string | undefined {
  if (code === 0) return undefined;
  const lastLine = output.trim().split("\n").at(-1) ?? "";
  return `(the attempt to install it ended with exit code ${code}: ${lastLine})`;
}

function thisMachine(path = process.env["PATH"] ?? ""): Machine {
  return {
    isRoot: process.getuid?.() === 0,
    find: (program) => findProgram(program, [...path.split(delimiter).filter(Boolean), ...USUAL_PLACES]),
    run: (command, args) => withoutServiceStart(() => runToEnd(command, args, aptEnvironment())),
    say: (line) => void process.stderr.write(`${line}\n`),
  };
}

export function findProgram(program: string, directories: readonly string[]): string | undefined {
  return directories
    .map((directory) => join(directory, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function aptEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
}

/** Debian starts what it installs unless this file says no; we want the program, not a service. */
async function withoutServiceStart<T>(work: () => Promise<T>): Promise<T> {
  const policy = "/usr/sbin/policy-rc.d";
  if (process.getuid?.() !== 0 || existsSync(policy) || !existsSync("/usr/sbin/invoke-rc.d")) return work();
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await work();
  } finally {
    rmSync(policy, { force: true });
  }
}
