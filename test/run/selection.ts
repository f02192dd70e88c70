// Owns which tests a run has: the quick ones, the rest, or all; and which of vitest's projects its arguments can mean.
import { globSync } from "node:fs";

/** `quick`: all files but `*.full.test.ts`; `rest`: only these. */
export type Selection = "quick" | "rest" | "full";

const SELECTIONS: Readonly<Record<string, Selection>> = { "--full": "full", "--rest": "rest" };

export interface Chosen {
  readonly selection: Selection;
  /** For vitest. */
  readonly args: readonly string[];
}

/** A file that is named is run, of whichever kind it is. */
export function chosen([first, ...others]: readonly string[]): Chosen {
  const selection = first === undefined ? undefined : SELECTIONS[first];
  if (selection !== undefined) return { selection, args: others };
  const args = first === undefined ? [] : [first, ...others];
  return { selection: filtersOf(args).length > 0 ? "full" : "quick", args };
}

const PROJECTS = ["core", "house", "cli", "workerd", "origin", "embedded", "e2e"];
const ROOMS: readonly (readonly [prefix: RegExp, project: string])[] = [
  [/^(?:\.\/)?test\/e2e\b/, "e2e"],
  [/^(?:\.\/)?test\/origin-mock\b/, "origin"],
  [/^(?:\.\/)?test\/(?:cli|conformance)\b/, "cli"],
  [/^(?:\.\/)?test\/house\b/, "house"],
  // the rest is pure, or runs in workerd: neither needs a program of the system
  [/^(?:\.\/)?test\/./, "core"],
];

/** Of vitest.config.ts: all of them where an argument does not plainly name some. */
export function projectsOf(args: readonly string[]): ReadonlySet<string> {
  const named = args.filter((_, at) => args[at - 1] === "--project");
  const rooms = filtersOf(args).map((filter) => ROOMS.find(([prefix]) => prefix.test(filter))?.[1] ?? filter);
  const all = rooms.length > 0 ? rooms : named;
  return new Set(all.length > 0 && all.every((name) => PROJECTS.includes(name)) ? all : PROJECTS);
}

/** The arguments that vitest takes for parts of files' names: paths, and other words that are no option's value. */
function filtersOf(args: readonly string[]): readonly string[] {
  return args.filter((arg, at) => {
    const before = args[at - 1] ?? "";
    const isValue = before.startsWith("-") && !before.includes("=");
    return !arg.startsWith("-") && (!isValue || arg.includes("test/"));
  });
}

/** How many files are left to the full run. */
export function fullFiles(root: string): number {
  return globSync("test/**/*.full.test.ts", { cwd: root }).length;
}
