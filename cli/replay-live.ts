// Owns the command `replay:live`: replays an access log through a local edge, in front of an origin made from the same log.
import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { wholeNumber } from "./arguments/whole-number.ts";
import { createProgress } from "./replay/progress.ts";
import { printReport } from "./replay/report.ts";
import { type Edge, exitCodeOf, runReplay } from "./replay/run.ts";

interface Options {
  readonly port: number;
  readonly limit?: number;
  readonly concurrency: number;
  readonly json?: string;
  readonly config?: string;
}

const program = new Command("replay:live")
  .description(
    "Replay an access log (Apache or nginx, plain or gzip) through a local edge, in order, and report its hits.",
  )
  .argument("<file>", "access log in the common or combined format")
  .option("--port <n>", "port of the edge; 0 takes a free one", wholeNumber(0, 65_535), 0)
  .option("--limit <n>", "replay only the first n requests", wholeNumber(1, Number.MAX_SAFE_INTEGER))
  .option("--json <file>", "also write the report as JSON")
  .option("--config <file>", "site configuration of the edge (default: strata.config.ts)")
  .option("--concurrency <n>", "connections; only 1 keeps the log's exact order", wholeNumber(1, 256), 1)
  .exitOverride((problem) => process.exit(problem.exitCode === 0 ? 0 : 2))
  .action(main);

await program.parseAsync();

async function main(file: string, options: Options): Promise<void> {
  const interrupt = new AbortController();
  process.once("SIGINT", () => interrupt.abort());
  const outcome = await runReplay({
    file,
    limit: options.limit ?? Number.POSITIVE_INFINITY,
    concurrency: options.concurrency,
    signal: interrupt.signal,
    nowMs: () => performance.now(),
    startEdge: (origin) => startEdge(origin, options),
    progress: createProgress(process.stderr),
  });
  if (outcome.kind !== "report") {
    complain(outcome.problem, outcome.kind === "unreadable" ? 2 : 1);
    return;
  }
  process.stdout.write(`${printReport(outcome.report)}\n`);
  process.exitCode = exitCodeOf(outcome.report);
  if (options.json === undefined) return;
  await writeFile(options.json, `${JSON.stringify(outcome.report, null, 2)}\n`).catch((cause: unknown) =>
    complain(`the report was not written: ${String(cause)}`, 1),
  );
}

function complain(problem: string, exitCode: number): void {
  process.stderr.write(`replay: ${problem}\n`);
  process.exitCode = exitCode;
}

async function startEdge(origin: string, { port, config }: Options): Promise<Edge> {
  // Loaded only now: a mistyped file name should not wait for the runtime.
  const { startEdges } = await import("./dev/edges.ts");
  const token = process.env["STRATA_TOKEN"] ?? "dev-token";
  const edges = await startEdges({ count: 1, port, origin, token, ...(config === undefined ? {} : { config }) });
  const [url] = edges.urls;
  if (url === undefined) throw new Error("the edge started without an address");
  return { url, close: () => edges.close() };
}
