// Owns `npm run check`: format, lint, types, dead code and the size of the worker. Says one line a step, and a step's output when it fails.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { gzipSync } from "node:zlib";

const ROOT = resolve(import.meta.dirname, "..");
const BIN = join(ROOT, "node_modules", ".bin");
const MAX_WORKER_KB = 88;

// Nothing here asks the network: wrangler neither looks for a newer version nor reports.
const ENVIRONMENT = {
  ...process.env,
  PATH: [BIN, process.env["PATH"] ?? ""].join(delimiter),
  CI: "1",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_WRITE_LOGS: "false",
};

interface Result {
  readonly ok: boolean;
  readonly output: string;
  /** Said behind the time of a step that passed. */
  readonly note?: string;
}

interface Step {
  readonly name: string;
  run(): Promise<Result>;
}

const tool = (name: string, ...command: readonly string[]): Step => ({ name, run: () => execute(command) });

const STEPS: readonly Step[] = [
  tool("lint", "oxlint", "--type-aware", "--deny-warnings"),
  tool("types of the worker", "tsc", "-p", "tsconfig.json"),
  tool("types of the programs", "tsc", "-p", "tsconfig.node.json"),
  tool("types of the worker's tests", "tsc", "-p", "tsconfig.worker-test.json"),
  { name: "worker", run: bundle },
  tool("dead code", "knip", "--no-progress"),
  tool("format", "oxfmt", "--check"),
];

function execute([program = "", ...args]: readonly string[]): Promise<Result> {
  const child = spawn(join(BIN, program), args, {
    cwd: ROOT,
    env: ENVIRONMENT,
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  }
  return new Promise((done) => {
    child.once("error", (error) => done({ ok: false, output: error.message }));
    child.once("close", (code, signal) => {
      done({
        ok: code === 0,
        output: stripVTControlCharacters(output).trim() || `ended with ${signal ?? `exit code ${code}`}`,
      });
    });
  });
}

/** The upload of a deployment, and its size. */
async function bundle(): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "strata-bundle-"));
  try {
    const built = await execute(["wrangler", "deploy", "--dry-run", "--outdir", folder]);
    if (!built.ok) return built;
    const modules = (await readdir(folder)).filter((file) => !file.endsWith(".map") && file !== "README.md");
    const sizes = await Promise.all(modules.map(async (file) => gzipSync(await readFile(join(folder, file))).length));
    const kilobytes = sizes.reduce((sum, size) => sum + size, 0) / 1024;
    const note = `${kilobytes.toFixed(1)} KB of ${MAX_WORKER_KB} KB (gzip)`;
    return { ok: kilobytes <= MAX_WORKER_KB, output: note, note };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether the step passed. */
async function perform({ name, run }: Step): Promise<boolean> {
  const startedAtMs = performance.now();
  const { ok, output, note } = await run();
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  const line = [ok ? "ok  " : "FAIL", name, seconds, "s", ...(ok && note !== undefined ? [note] : [])].join(" ");
  process.stdout.write(ok ? `${line}\n` : `${line}\n${output.replaceAll(/^/gm, "     ")}\n`);
  return ok;
}

const waiting = [...STEPS];
let failures = 0;

async function work(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    if (!(await perform(step))) failures += 1;
  }
}

await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
process.exitCode = failures === 0 ? 0 : 1;
