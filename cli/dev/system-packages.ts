// Owns installing programs of the system where that needs no question: apt-get as root, or Homebrew.
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runToEnd } from "./child.ts";

/** The machine as we use it; tests bring their own. */
export interface Machine {
  readonly isRoot: boolean;
  /** absolute path of a program */
  find(program: string): string | undefined;
  run(command: string, args: readonly string[]): Promise<{ code: number; output: string }>;
  say(line: string): void;
}

/** The names of what is to be installed; without `brew` Homebrew is left alone. */
export interface Packages {
  readonly apt: readonly string[];
  readonly brew?: readonly string[];
}

const USUAL_PLACES = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];

/** Tries once; resolves with why it failed, if it was tried. Only looking for the program afterwards tells whether it is there. */
export async function installPackages(machine: Machine, { apt, brew }: Packages): Promise<string | undefined> {
  const aptGet = machine.isRoot ? machine.find("apt-get") : undefined;
  if (aptGet !== undefined) {
    machine.say(`installing ${apt.join(", ")} with apt-get (once)...`);
    // Lists may be stale but usable: only the install decides.
    await machine.run(aptGet, ["update"]);
    return failure(await machine.run(aptGet, ["install", "-y", "--no-install-recommends", ...apt]));
  }
  const homebrew = machine.find("brew");
  if (homebrew === undefined || brew === undefined) return undefined;
  machine.say(`installing ${brew.join(", ")} with Homebrew (once)...`);
  return failure(await machine.run(homebrew, ["install", ...brew]));
}

function failure({ code, output }: { code: number; output: string }): string | undefined {
  if (code === 0) return undefined;
  const lastLine = output.trim().split("\n").at(-1) ?? "";
  return `(the attempt to install it ended with exit code ${code}: ${lastLine})`;
}

export function thisMachine(path = process.env["PATH"] ?? ""): Machine {
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
