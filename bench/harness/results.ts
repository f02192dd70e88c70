// Owns the results file: one member a row, each with the run that made it. A run of some rows replaces those alone.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Comparison } from "./judge.ts";

/** A figure of a row's table; `null`: this machine does not tell. */
export interface Figure {
  readonly row: string;
  readonly column: string;
  readonly unit: "/s" | "ms" | "µs" | "MB" | "%" | "";
  readonly value: number | null;
}

export interface Measured {
  readonly comparisons: readonly Comparison[];
  readonly figures: readonly Figure[];
  /** Remarks for the reader of these figures. */
  readonly notes: readonly string[];
  /** As measured, round by round. */
  readonly raw: unknown;
}

export interface Run {
  readonly command: string;
  readonly date: string;
  readonly machine: string;
  /** Load average of the last minute before the run: above a few tenths, others had the machine too. */
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string>>;
}

export interface Row extends Measured {
  readonly title: string;
  readonly how: string;
  readonly run: Run;
}

export interface Results {
  /** By the name of the scenario. */
  readonly rows: Readonly<Record<string, Row>>;
}

const NONE: Results = { rows: {} };

export async function readResults(file: URL): Promise<Results> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? NONE : (JSON.parse(text) as Results);
}

export async function writeResults(file: URL, results: Results): Promise<void> {
  await mkdir(dirname(file.pathname), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, undefined, 1)}\n`);
}

/** Rows in the order of `names`; rows of former scenarios are dropped. */
export function merged(before: Results, fresh: Readonly<Record<string, Row>>, names: readonly string[]): Results {
  const rows = names.flatMap((name) => {
    const row = fresh[name] ?? before.rows[name];
    return row ? [[name, row] as const] : [];
  });
  return { rows: Object.fromEntries(rows) };
}
