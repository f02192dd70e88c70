// Owns the description of the run: command, date, machine, versions.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import type { Run } from "./results.ts";

const PACKAGES = ["workerd", "miniflare", "hono"] as const;

export async function describeRun(command: string): Promise<Run> {
  const installed = await Promise.all(PACKAGES.map(async (name) => [name, await versionOf(name)] as const));
  const memory = `${String(Math.round(totalmem() / 2 ** 30))} GB`;
  return {
    command,
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0]?.model ?? "unknown processor"}, ${String(availableParallelism())} processors, ${memory}, ${process.platform}`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    versions: { node: process.versions.node, ...Object.fromEntries(installed) },
  };
}

async function versionOf(name: string): Promise<string> {
  const require = createRequire(import.meta.url);
  const [folder] = require.resolve.paths(name) ?? [];
  for (const place of [folder, new URL("../../node_modules", import.meta.url).pathname]) {
    const text = await readFile(`${place ?? ""}/${name}/package.json`, "utf8").catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { readonly version: string }).version;
  }
  return "unknown";
}
