// Owns the promise that no child outlives this process: a tiny guardian kills the listed ones when our end of its
// pipe closes, however we died.
import { type ChildProcess, spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { fileURLToPath } from "node:url";

const GUARDIAN = fileURLToPath(new URL("./watchdog-process.mjs", import.meta.url));

const guarded = new Set<number>();
let guardian: ChildProcess | undefined;

/** Guards a child from now until it exits. */
export function guard(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  guarded.add(pid);
  publish();
  child.once("exit", () => {
    guarded.delete(pid);
    publish();
  });
}

/** Guards every process that some library starts from the file `isOurs` recognises. Returns the way to stop looking. */
export function guardSpawned(isOurs: (file: string) => boolean): () => void {
  const watch = (message: unknown): void => {
    const child = (message as { process: ChildProcess }).process;
    child.once("spawn", () => {
      if (isOurs(child.spawnfile)) guard(child);
    });
  };
  subscribe("child_process", watch);
  return () => unsubscribe("child_process", watch);
}

/** Tells the guardian the whole list each time: a pid that has exited may belong to a stranger tomorrow. */
function publish(): void {
  guardian ??= startGuardian();
  const list = [...guarded].join(" ");
  if (guarded.size > 0) {
    guardian.stdin?.write(`${list}\n`);
    return;
  }
  guardian.stdin?.end("\n");
  guardian = undefined;
}

function startGuardian(): ChildProcess {
  // Its own session: a Ctrl-C meant for us must not take the guardian first.
  const child = spawn(process.execPath, [GUARDIAN], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  child.once("error", () => undefined);
  child.stdin?.on("error", () => undefined);
  child.unref();
  const pipe: unknown = child.stdin;
  if (typeof pipe === "object" && pipe !== null && "unref" in pipe && typeof pipe.unref === "function") pipe.unref();
  return child;
}
