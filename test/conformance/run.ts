// Owns `npm run conformance`: runs the public suite for HTTP caches against one edge, judges it, writes docs/conformance.md.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { casesOf, loadEdition } from "./edition.ts";
import { KNOWN_FAILURES } from "./known.ts";
import { renderPage } from "./page.ts";
import { loadPublished } from "./published.ts";
import type { Results } from "./results.ts";
import { summarise } from "./summary.ts";
import { runSuite } from "./suite-run.ts";
import { combinedRuns, unexpectedIn } from "./verdict.ts";

const PAGE = fileURLToPath(new URL("../../docs/conformance.md", import.meta.url));
const INTERRUPTED = 130;

const HELP = `
The suite is the npm package http-cache-tests: its server is the origin, its client the client, and one edge with the default
configuration stands between them. A run that differs from docs/conformance.md or from test/conformance/known.ts is repeated once
as a whole, since cases that wait are easily disturbed; only what is unexpected in both runs counts.

Exit codes: 0 everything is as documented; 1 a required or optimal case is not, the page is out of date (--no-write), or a run
could not be completed; 2 wrong usage; 130 interrupted.`;

await new Command("conformance")
  .description("Run the public suite for HTTP caches against one edge and write docs/conformance.md.")
  .option("--no-write", "leave docs/conformance.md alone and fail if it is out of date (for CI)")
  .addHelpText("after", HELP)
  .exitOverride((problem) => process.exit(problem.exitCode === 0 ? 0 : 2))
  .action(main)
  .parseAsync();

async function main({ write }: { readonly write: boolean }): Promise<void> {
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interrupt.abort());
  try {
    process.exitCode = await perform(write, interrupt.signal);
  } catch (error) {
    process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = interrupt.signal.aborted ? INTERRUPTED : 1;
  }
}

/** Resolves with the exit code. */
async function perform(write: boolean, signal: AbortSignal): Promise<number> {
  const [edition, published, onRecord] = await Promise.all([loadEdition(), loadPublished(), pageOnRecord()]);
  const cases = casesOf(edition);
  const judged = (
    results: Results,
  ): { readonly page: string; readonly unexpected: ReturnType<typeof unexpectedIn> } => ({
    page: renderPage({ edition, results, known: KNOWN_FAILURES, published }),
    unexpected: unexpectedIn(cases, results, KNOWN_FAILURES),
  });

  say(`${cases.length} cases of http-cache-tests ${edition.version} through one edge; this takes about half a minute`);
  let results = await runSuite(cases, signal);
  let { page, unexpected } = judged(results);
  if (unexpected.length > 0 || page !== onRecord) {
    say(
      `${unexpected.length} unexpected, page ${page === onRecord ? "as" : "other than"} on record: once more, to be sure`,
    );
    results = combinedRuns(cases, results, await runSuite(cases, signal), KNOWN_FAILURES);
    ({ page, unexpected } = judged(results));
  }
  const isOutdated = !write && page !== onRecord;
  if (write && page !== onRecord) await writeFile(PAGE, page);
  for (const line of summarise(edition, results, unexpected)) say(line);
  if (isOutdated) say("docs/conformance.md is out of date: run npm run conformance and commit it");
  return unexpected.length > 0 || isOutdated ? 1 : 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function pageOnRecord(): Promise<string | undefined> {
  return readFile(PAGE, "utf8").catch(() => undefined);
}
