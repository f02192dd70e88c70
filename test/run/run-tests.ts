// Owns one run of the tests: sees that the system's programs are there, has vitest run, and closes with what came of it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { thisMachine } from "../../cli/dev/system-packages.ts";
import { findPostgresBinaries } from "../origin-mock/support/postgres-binaries.ts";
import { createTestPostgres, type TestPostgres } from "../origin-mock/support/postgres.ts";
import { missingPrograms } from "./programs.ts";
import { chosen, fullFiles, projectsOf } from "./selection.ts";
import { count, summary } from "./summary.ts";
import { readReport, vitestAt } from "./vitest.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Of the runs of a property that counts them with `runs()`. */
const QUICK_SHARE = 0.2;

/** A throw-away server, unless TEST_DATABASE_URL names one; undefined where none can be started. */
async function startPostgres(say: (line: string) => void): Promise<TestPostgres | undefined> {
  const binaries = findPostgresBinaries();
  if ((process.env["TEST_DATABASE_URL"] ?? "") !== "" || binaries === undefined) return undefined;
  try {
    return await createTestPostgres(binaries);
  } catch (error) {
    say(`Postgres did not start: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** Resolves with the exit code. @param program vitest's script */
export async function runTests(program: string, argv: readonly string[]): Promise<number> {
  const startedAtMs = performance.now();
  const { selection, args } = chosen(argv);
  const projects = projectsOf(args);
  const vitest = vitestAt(program, ROOT);
  const notRun: string[] = [];
  const folder = await mkdtemp(join(tmpdir(), "strata-test-"));
  let postgres: TestPostgres | undefined;
  try {
    const machine = thisMachine();
    for (const { name, package: debian, loss } of await missingPrograms(machine, projects)) {
      notRun.push(`${loss}, for want of ${name} (apt-get install ${debian})`);
    }
    if (projects.has("origin") || projects.has("e2e")) postgres = await startPostgres((line) => notRun.push(line));
    if (selection === "quick" && postgres) notRun.push("the tests with a database on the embedded one");
    const share = selection === "quick" && !process.env["CI"] ? QUICK_SHARE : 1;
    if (share < 1)
      notRun.push(`${String(100 - share * 100)} % of the runs of costly properties (all in CI, and under test:full)`);
    const left = selection === "quick" ? fullFiles(ROOT) : 0;
    if (left > 0) notRun.push(`${String(left)} files named *.full.test.ts (npm run test:full runs everything)`);

    const report = join(folder, "report.json");
    const redis = machine.find("redis-server");
    const ending = await vitest.run(["--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...args], {
      PATH: [join(ROOT, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter),
      WRANGLER_SEND_METRICS: "false",
      STRATA_TESTS: selection,
      STRATA_PROPERTY_SHARE: String(share),
      ...(redis === undefined ? {} : { REDIS_SERVER: redis }),
      ...(postgres === undefined ? {} : { TEST_DATABASE_URL: postgres.url }),
    });
    const counts = count(await readReport(report), ending);
    for (const line of summary(counts, ending, performance.now() - startedAtMs, notRun)) console.log(line);
    return counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  } finally {
    await Promise.all([postgres?.remove(), rm(folder, { recursive: true, force: true })]);
  }
}
