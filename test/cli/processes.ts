// Owns the view of processes: their descendants, and whether they still run.
import { execFileSync } from "node:child_process";

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

function processTable(): Row[] {
  return execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => {
      const [pid, parent, state = ""] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), state };
    });
}

export function descendantsOf(pid: number): number[] {
  const table = processTable();
  const found = [pid];
  for (const ancestor of found) found.push(...table.filter((row) => row.parent === ancestor).map((row) => row.pid));
  return found.slice(1);
}

/** The one that runs workerd. */
export function workersRuntime(pids: readonly number[]): number {
  const listed = execFileSync("ps", ["-o", "pid=,comm=", "-p", pids.join(",")], { encoding: "utf8" });
  const [, pid] = /^\s*(\d+)\s+(?:.*\/)?workerd/m.exec(listed) ?? [];
  if (pid === undefined) throw new Error(`no workerd among ${listed}`);
  return Number(pid);
}

/** The processes that still run; a process that has ended but was not reaped does not. */
export function running(pids: readonly number[]): number[] {
  return processTable()
    .filter(({ pid, state }) => pids.includes(pid) && !state.startsWith("Z"))
    .map(({ pid }) => pid);
}
