// Owns `npm test`: sees that Redis and Postgres are there, runs vitest with the given arguments, and closes with one line that counts.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { ensureRedisServerBinary } from "../cli/dev/redis-binary.ts";
import { findPostgresBinaries } from "./origin-mock/support/postgres-binaries.ts";
import { createTestPostgres, type TestPostgres } from "./origin-mock/support/postgres.ts";

const ROOT = resolve(import.meta.dirname, "..");
const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

/** What we read of vitest's report. */
interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Undefined where there is none; the tests that need it say so themselves. */
async function redisServer(): Promise<string | undefined> {
  try {
    return await ensureRedisServerBinary();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

/** Whether the arguments may name tests that need a database: only where they all plainly name others, they do not. */
function needsDatabase(args: readonly string[]): boolean {
  const filters = args.filter((arg, index) => !arg.startsWith("-") || args[index - 1] === "--project");
  const elsewhere = /^(?:(?:core|house|cli|workerd)$|test\/(?!origin-mock|e2e))/;
  return filters.length === 0 || !filters.every((filter) => elsewhere.test(filter));
}

/** A throw-away server, unless TEST_DATABASE_URL names one; undefined where there is none to start. */
async function postgresServer(args: readonly string[]): Promise<TestPostgres | undefined> {
  if ((process.env["TEST_DATABASE_URL"] ?? "") !== "" || !needsDatabase(args)) return undefined;
  const binaries = findPostgresBinaries();
  try {
    if (binaries !== undefined) return await createTestPostgres(binaries);
    process.stderr.write("no Postgres server found: the database tests run on the embedded database alone\n");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${why}\nthe database tests run on the embedded database alone\n`);
  }
  return undefined;
}

let running: ChildProcess | undefined;
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interrupted = true;
    running?.kill(signal);
  });
}

/** Resolves with the exit code. */
function vitest(args: readonly string[], servers: Readonly<Record<string, string>>): Promise<number> {
  // the servers are stopped all the same
  if (interrupted) return Promise.resolve(1);
  const child = spawn(process.execPath, [VITEST, "run", ...args], {
    cwd: ROOT,
    env: {
      ...process.env,
      PATH: [join(ROOT, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter),
      WRANGLER_SEND_METRICS: "false",
      ...servers,
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  running = child;
  return new Promise((done) => {
    child.once("error", () => done(1));
    child.once("close", (code) => done(code ?? 1));
  });
}

/** A file that could not be loaded has no tests to count and is a failure itself. */
function count({ testResults }: Report, exitCode: number): Counts {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const having = (status: string): number => tests.filter((test) => test.status === status).length;
  const passed = having("passed");
  const skipped = tests.length - passed - having("failed");
  const unloaded = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  ).length;
  const failed = having("failed") + unloaded;
  // an error outside every test is nobody's, but no success
  return { passed, skipped, failed: exitCode !== 0 && failed === 0 ? 1 : failed };
}

async function readReport(file: string): Promise<Report> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Report;
  } catch {
    return { testResults: [] };
  }
}

const folder = await mkdtemp(join(tmpdir(), "strata-test-"));
const args = process.argv.slice(2);
const [redis, postgres] = await Promise.all([redisServer(), postgresServer(args)]);
try {
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const exitCode = await vitest([...reporters, ...args], {
    ...(redis === undefined ? {} : { REDIS_SERVER: redis }),
    ...(postgres === undefined ? {} : { TEST_DATABASE_URL: postgres.url }),
  });
  const { passed, failed, skipped } = count(await readReport(report), exitCode);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
} finally {
  await Promise.all([postgres?.remove(), rm(folder, { recursive: true, force: true })]);
}
