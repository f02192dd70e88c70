// Owns `npm run bench`: runs the scenarios asked for, prints the verdicts, writes the results and the page made from them.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { Argument, Command } from "commander";
import { describeRun } from "./harness/machine.ts";
import { type Measured, merged, readResults, type Row, writeResults } from "./harness/results.ts";
import { startLoad } from "./load/load.ts";
import { startOrigin } from "./origin/origin.ts";
import { pageOf, readmeWith } from "./render/page.ts";
import { verdictLines } from "./render/verdicts.ts";
import { SCENARIOS } from "./scenarios/index.ts";

const RESULTS = new URL("./results/latest.json", import.meta.url);
const PAGE = new URL("../docs/benchmarks.md", import.meta.url);
const README = new URL("../README.md", import.meta.url);
const MEMORY_FOLDER = "/dev/shm";
const BUSY_LOAD = 0.5;
const NAMES = [...SCENARIOS.keys()];

const program = new Command("bench")
  .description("Measure Strata side by side with its peers; a missed budget is printed, and is no failure of the run.")
  .addArgument(new Argument("[scenario...]", "which rows (default: all)").choices(NAMES))
  .option("--quick", "a few requests each, to see whether it works; writes nothing", false)
  .action(main);

await program.parseAsync();

async function main(chosen: readonly string[], { quick }: { readonly quick: boolean }): Promise<void> {
  const names = chosen.length === 0 ? NAMES : NAMES.filter((name) => chosen.includes(name));
  const run = await describeRun(["npm run bench", ...(chosen.length === 0 ? [] : ["--", ...names])].join(" "));
  if (run.loadBefore > BUSY_LOAD) {
    process.stderr.write(`the machine is busy (load average ${String(run.loadBefore)}): what follows is rough\n`);
  }
  const fresh: Record<string, Row> = {};
  keepStorageOffDisk();
  const origin = await startOrigin();
  const load = startLoad();
  try {
    for (const name of names) {
      const { title, how, measure } = present(SCENARIOS.get(name));
      const startedAtMs = performance.now();
      const progress = (text: string): void => void process.stderr.write(`  ${text}\n`);
      const measured: Measured = await measure({ load, origin, isQuick: quick, progress });
      fresh[name] = { title, how: how.replaceAll("\n", " "), run, ...measured };
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0);
      process.stdout.write(`${title} (${seconds} s)\n${verdictLines(measured)}\n`);
    }
  } finally {
    await load.close();
    await origin.close();
  }
  if (quick) return;
  const results = merged(await readResults(RESULTS), fresh, NAMES);
  await writeResults(RESULTS, results);
  await writeFile(PAGE, pageOf(results));
  await writeFile(README, readmeWith(await readFile(README, "utf8"), results));
}

/** Miniflare's caches live in the temporary folder: on a disk, its fsync would be measured instead of the workers. */
function keepStorageOffDisk(): void {
  if (existsSync(MEMORY_FOLDER)) process.env["TMPDIR"] = MEMORY_FOLDER;
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("no such scenario");
  return value;
}
