// Owns the programs of the system that tests use: which a run needs, how each is found or installed, and what is not run without it.
import { findChromium } from "../../cli/dev/chromium-binary.ts";
import { installPackages, type Machine } from "../../cli/dev/system-packages.ts";
import { findPostgresBinaries } from "../origin-mock/support/postgres-binaries.ts";

export interface Program {
  readonly name: string;
  /** Debian's. */
  readonly package: string;
  /** The projects of vitest.config.ts that use it. */
  readonly projects: readonly string[];
  find(machine: Machine): string | undefined;
  /** For people, at the end of a run without it. */
  readonly loss: string;
}

const PROGRAMS: readonly Program[] = [
  {
    name: "Redis",
    package: "redis-server",
    projects: ["cli", "origin", "e2e"],
    find: (machine) => machine.find("redis-server"),
    loss: "tests with Redis fail",
  },
  {
    name: "Postgres",
    package: "postgresql",
    projects: ["origin", "e2e"],
    find: () => findPostgresBinaries(),
    loss: "the shop was tested on its embedded database alone",
  },
  {
    name: "Chromium",
    package: "chromium",
    projects: ["origin", "e2e"],
    find: () => findChromium(),
    loss: "nothing was tested in a browser",
  },
];

/** Programs that a run of these projects needs and this machine lacks, after an attempt to install them. */
export async function missingPrograms(
  machine: Machine,
  projects: ReadonlySet<string>,
  programs: readonly Program[] = PROGRAMS,
): Promise<readonly Program[]> {
  const absent = (): readonly Program[] =>
    programs.filter((program) => program.projects.some((name) => projects.has(name)) && !program.find(machine));
  const before = absent();
  if (before.length === 0) return [];
  const why = await installPackages(machine, { apt: before.map((program) => program.package) });
  if (why !== undefined) machine.say(why);
  return absent();
}
