// Owns the published results of other caches: from the package, and the totals of the suite's current edition.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultExport, PACKAGE } from "./edition.ts";
import { parseResults, type Results } from "./results.ts";

export interface PublishedCache {
  readonly name: string;
  readonly version: string;
  readonly results: Results;
}

interface IndexEntry {
  readonly file: string;
  readonly name: string;
  readonly type: string;
  readonly version: string;
}

/** The shared caches whose results the package carries; browsers are another kind of cache. */
export async function loadPublished(): Promise<readonly PublishedCache[]> {
  const index = await defaultExport<readonly IndexEntry[]>("results/index.mjs");
  const shared = index.filter(({ type }) => type !== "browser");
  return Promise.all(
    shared.map(async ({ file, name, version }) => ({
      name,
      version,
      results: parseResults(await readFile(join(PACKAGE, "results", file), "utf8")),
    })),
  );
}

/** Totals on the suite's own pages: of another edition than the one run here, so not to be compared case by case. */
export const CURRENT_EDITION = {
  asOf: "November 2026",
  required: 160,
  optimal: 105,
  caches: [
    { name: "Apache", required: 141, optimal: 69 },
    { name: "ATS", required: 136, optimal: 74 },
    { name: "Squid", required: 138, optimal: 59 },
    { name: "Varnish", required: 138, optimal: 49 },
    { name: "Souin", required: 138, optimal: 44 },
    { name: "nginx", required: 115, optimal: 66 },
    { name: "Fastly", required: 115, optimal: 57 },
    { name: "HAProxy", required: 126, optimal: 40 },
  ],
} as const;
