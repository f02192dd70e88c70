// Owns `npm test`: sees that Redis is there, runs vitest with the given arguments, and closes with one line that counts.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { ensureRedisServerBinary } from "../cli/dev/redis-binary.ts";

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

/** Resolves with the exit code. */
function vitest(args: readonly string[], redis: string | undefined): Promise<number> {
  const child = spawn(process.execPath, [VITEST, "run", ...args], {
    cwd: ROOT,
    env: {
      ...process.env,
      PATH: [join(ROOT, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter),
      WRANGLER_SEND_METRICS: "false",
      ...(redis === undefined ? {} : { REDIS_SERVER: redis }),
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
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
try {
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const exitCode = await vitest([...reporters, ...process.argv.slice(2)], await redisServer());
  const { passed, failed, skipped } = count(await readReport(report), exitCode);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
