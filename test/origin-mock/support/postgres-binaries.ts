// Owns finding the programs of a Postgres server on this machine.
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian keeps every major version in a folder of its own, Homebrew too; neither puts it into PATH. */
const HOMES = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];

const versionsIn = (home: string): readonly string[] => {
  try {
    return readdirSync(home)
      .filter((name) => /^(?:postgresql@?)?\d*$/.test(name))
      .toSorted((a, b) => majorOf(b) - majorOf(a))
      .map((name) => join(home, name, "bin"));
  } catch {
    return [];
  }
};

const majorOf = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? 0);

const isRunnable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The folder with `initdb` and `postgres`, the newest where there are several; undefined where there is none. */
export const findPostgresBinaries = (path: string = process.env["PATH"] ?? ""): string | undefined =>
  [...path.split(delimiter).filter(Boolean), ...HOMES.flatMap(versionsIn)].find((folder) =>
    ["initdb", "postgres"].every((program) => isRunnable(join(folder, program))),
  );
