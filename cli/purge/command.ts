// Owns `strata purge` at the terminal: its options, what is printed, signals, the exit code.
import { randomUUID } from "node:crypto";
import { type Command, InvalidArgumentError, Option } from "commander";
import { originUrl } from "../arguments/origin-url.ts";
import { wholeNumber } from "../arguments/whole-number.ts";
import { batchesOf } from "./batch.ts";
import { confirm, type Confirmed } from "./confirm.ts";
import { edgeClient, type EdgeClient } from "./edge-client.ts";
import { type Item, safe } from "./item.ts";
import type { Persistence } from "./persist.ts";
import { createProgress } from "./progress.ts";
import { jsonProblems, jsonReport } from "./json-report.ts";
import { confirmedReport, problemLines, type Report, reportOf } from "./report.ts";
import { type Outcome, runPurge } from "./run.ts";
import { gather, type Sources } from "./sources.ts";
import { isLoopback, tokenFor } from "./token.ts";

interface Options extends Sources {
  readonly soft?: true;
  readonly browsers?: true;
  readonly dryRun?: true;
  readonly wait?: true;
  readonly idempotencyKey?: string;
  readonly edge?: readonly string[];
  readonly retries: number;
  readonly json?: true;
}

/** Scripts rely on these. */
const EXIT = { done: 0, failed: 1, refused: 2, unconfirmed: 3, interrupted: 130 } as const;
const DEFAULT_EDGE = "http://127.0.0.1:8787";
const DEFAULT_RETRIES = 5;

export function definePurge(command: Command): void {
  command
    .description("Purge by tag, URL, path, prefix or host. Every edge obeys within the bound that is told.")
    .option("--tag <tags...>", "responses that carry a tag")
    .option("--url <urls...>", "one URL with its query")
    .option("--path <paths...>", "a path with any query; /a is that of every host")
    .option("--prefix <prefixes...>", "what begins like this")
    .option("--host <hosts...>", "all of a host")
    .option("--everything", "all of every host")
    .option("--from <files...>", "files of lines such as `tag product:7`; - is standard input")
    .option("--soft", "stale from now, instead of a miss")
    .option("--browsers", "browsers drop what they keep of these hosts, too")
    .addOption(new Option("--dry-run", "tell what would be purged, and purge nothing").conflicts("wait"))
    .option("--wait", "until every edge obeys; asks each --edge")
    .option("--edge <urls...>", `edges, the first takes the purge (default: STRATA_EDGE, or ${DEFAULT_EDGE})`, edgeUrls)
    .option("--idempotency-key <key>", "purge once under this key; to go on after a failure", idempotencyKey)
    .option("--retries <n>", "further attempts when an edge does not answer", wholeNumber(0, 100), DEFAULT_RETRIES)
    .option("--json", "one JSON object instead of words")
    .addHelpText("after", "\nThe token is taken from STRATA_TOKEN. All of it: docs/purge.md")
    .allowExcessArguments(false)
    .action(purge);
}

async function purge(options: Options, command: Command): Promise<void> {
  const urls = options.edge ?? edgesOf(process.env["STRATA_EDGE"], command);
  const token = tokenFor(urls, process.env);
  if (typeof token === "string") return command.error(`error: ${token}`);
  const { items, problems } = await gather(options, process.stdin);
  process.exitCode = EXIT.refused;
  if (problems.length > 0) {
    if (options.json) return print(jsonProblems(problems));
    return tell({ out: [], err: ["nothing was purged:", ...problemLines(problems)] });
  }
  const open = urls.filter((url) => url.startsWith("http:") && !isLoopback(url));
  tell({ out: [], err: open.map((url) => `${url} is not encrypted: the token can be read on the way`) });
  const signal = interruption();
  const edges = urls.map((url) => edgeClient(url, token, signal));
  process.exitCode = await carryOut(items, edges, options, signal);
}

/** Resolves with the exit code. */
async function carryOut(
  items: readonly Item[],
  edges: readonly EdgeClient[],
  options: Options,
  signal: AbortSignal,
): Promise<number> {
  const { soft, browsers = false, dryRun = false, wait = false, json = false, retries } = options;
  const told = { mode: soft ? "soft" : "hard", runKey: options.idempotencyKey ?? randomUUID() } as const;
  const batches = batchesOf(items, { mode: told.mode, browsers }, told.runKey);
  const progress = createProgress(process.stderr, batches.length > 1);
  const persistence: Persistence = {
    retries,
    signal,
    onPause: (detail, ms) => progress.note(`${safe(detail)}; again in ${ms / 1000} s`),
  };
  const outcome = await runPurge({ batches, edges, dryRun, persistence, progress });
  if (!json) tell(reportOf(outcome, told));
  const isWaitedFor = wait && outcome.kind === "purged";
  const confirmed = isWaitedFor ? await confirm(edges, outcome.fates, persistence) : undefined;
  if (json) print(jsonReport(outcome, told, confirmed));
  else if (confirmed) tell(confirmedReport(confirmed));
  const isCut = signal.aborted && (outcome.kind === "failed" || confirmed?.kind === "interrupted");
  return isCut ? EXIT.interrupted : exitCodeOf(outcome, confirmed);
}

function exitCodeOf(outcome: Outcome, confirmed: Confirmed | undefined): number {
  if (outcome.kind === "failed") return EXIT.failed;
  if (outcome.kind === "refused") return EXIT.refused;
  const isConfirmed = confirmed?.kind !== "asked" || confirmed.edges.every(({ seq }) => seq !== undefined);
  return isConfirmed ? EXIT.done : EXIT.unconfirmed;
}

/** The first Ctrl-C ends what is under way and tells how far it came. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}

/** One or several, between commas or spaces; the option can be repeated. */
function edgeUrls(text: string, before: readonly string[] = []): readonly string[] {
  const urls = text.split(/[\s,]+/).map(originUrl);
  return [...new Set([...before, ...urls])];
}

function edgesOf(variable: string | undefined, command: Command): readonly string[] {
  const text = variable?.trim() ?? "";
  try {
    return edgeUrls(text === "" ? DEFAULT_EDGE : text);
  } catch (error) {
    return command.error(`error: STRATA_EDGE is invalid. ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The rest of the 255 characters is for the number of the batch. */
function idempotencyKey(text: string): string {
  if (/^[\x21\x23-\x7e]{1,240}$/.test(text)) return text;
  throw new InvalidArgumentError("Expected 1 to 240 visible ASCII characters without quotes.");
}

function tell({ out, err }: Report): void {
  const own = (line: string): string => (line.startsWith(" ") ? line : `strata: ${line}`);
  if (out.length > 0) process.stdout.write(`${out.join("\n")}\n`);
  if (err.length > 0) process.stderr.write(`${err.map(own).join("\n")}\n`);
}

function print(report: object): void {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
}
