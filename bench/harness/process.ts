// Owns the operating system's figures of another process: its processor time and its resident memory. Linux only; elsewhere unknown.
import { execFileSync } from "node:child_process";
import { readdir, readFile, readlink, writeFile } from "node:fs/promises";

export interface ProcessMemory {
  readonly residentBytes: number;
  /** The most since the last reset. */
  readonly peakBytes: number;
}

/** The workerd processes that this one has started and that still run. */
export async function workerdPids(): Promise<readonly number[]> {
  const names = await readdir("/proc").catch(() => []);
  const pids = names.map(Number).filter(Number.isInteger);
  const ours = await Promise.all(pids.map(isOurWorkerd));
  return pids.filter((_, index) => ours[index]);
}

async function isOurWorkerd(pid: number): Promise<boolean> {
  try {
    const status = await readFile(`/proc/${String(pid)}/status`, "utf8");
    if (Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]) !== process.pid) return false;
    return (await readlink(`/proc/${String(pid)}/exe`)).endsWith("/workerd");
  } catch {
    return false;
  }
}

export async function memoryOf(pid: number | undefined): Promise<ProcessMemory | undefined> {
  const status =
    pid === undefined ? undefined : await readFile(`/proc/${String(pid)}/status`, "utf8").catch(() => undefined);
  if (status === undefined) return undefined;
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
  return { residentBytes: kilobytes("VmRSS") * 1024, peakBytes: kilobytes("VmHWM") * 1024 };
}

/** From now on the peak is counted anew (proc(5), clear_refs). */
export async function resetPeak(pid: number | undefined): Promise<void> {
  if (pid !== undefined) await writeFile(`/proc/${String(pid)}/clear_refs`, "5").catch(() => undefined);
}

let ticksPerSecond: number | undefined;

/** Processor time since its start, all threads. */
export async function cpuMsOf(pid: number | undefined): Promise<number | undefined> {
  const stat =
    pid === undefined ? undefined : await readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  ticksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  // the name, in parentheses, may hold anything
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}
