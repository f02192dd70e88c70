// Owns cli/setup.mjs on a copy of its own, with an npm that only records.
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "./until.ts";

const SETUP = fileURLToPath(new URL("../../cli/setup.mjs", import.meta.url));

/** Notes each run; two runs at once would collide on the directory. */
const FAKE_NPM = `#!/bin/sh
echo "$@" >> "$FAKE_LOG"
[ -n "$FAKE_EXIT" ] && { echo "npm error network" >&2; exit "$FAKE_EXIT"; }
mkdir busy || echo overlap >> "$FAKE_LOG"
rm -rf node_modules
mkdir -p node_modules/.bin
ln -s "$FAKE_NODE" node_modules/.bin/node
echo {} > node_modules/.package-lock.json
rmdir busy
`;

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "strata-setup-"));
  await Promise.all(["cli", "bin", "shop"].map((name) => mkdir(join(root, name))));
  await cp(SETUP, join(root, "cli/setup.mjs"));
  await writeFile(join(root, "bin/npm"), FAKE_NPM, { mode: 0o755 });
  await writeFile(join(root, "package.json"), '{"workspaces":["shop"]}');
  await writeFile(join(root, "shop/package.json"), "{}");
  await writeFile(join(root, "package-lock.json"), "{}");
  const script = 'console.log(process.argv.slice(2).join(" "), process.env.PATH.split(":")[0]); process.exit(7);';
  await writeFile(join(root, "script.ts"), script);
});

afterEach(() => rm(root, { recursive: true, force: true }));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ["cli/setup.mjs", ...args], {
    cwd: root,
    env: {
      PATH: `${join(root, "bin")}:/usr/bin:/bin`,
      FAKE_LOG: join(root, "npm.log"),
      FAKE_NODE: process.execPath,
      ...env,
    },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Outcome>((resolve) => {
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended, output: () => stdout };
}

async function setUp(env?: NodeJS.ProcessEnv): Promise<Outcome> {
  return start(["script.ts", "a", "b c"], env).ended;
}

async function npmRuns(): Promise<string[]> {
  const log = await readFile(join(root, "npm.log"), "utf8").catch(() => "");
  return log.split("\n").filter(Boolean);
}

test("a fresh checkout is installed with one line, then the script runs with its arguments and exit code", async () => {
  const outcome = await setUp();
  expect(outcome.stderr).toBe("installing dependencies (once)...\n");
  expect(outcome.stdout).toBe(`a b c ${join(root, "node_modules/.bin")}\n`);
  expect(outcome.code).toBe(7);
  expect(await npmRuns()).toEqual(["ci --loglevel=error --include=dev --no-audit --no-fund"]);
});

test("an installed checkout is silent and does not run npm", async () => {
  await setUp();
  expect(await setUp()).toMatchObject({ code: 7, stderr: "" });
  expect(await npmRuns()).toHaveLength(1);
});

test.each(["package-lock.json", "package.json", "shop/package.json"])("a changed %s installs again", async (file) => {
  await setUp();
  await writeFile(join(root, file), '{"workspaces":["shop"],"changed":true}');
  expect((await setUp()).stderr).toMatch(/installing/);
  expect((await setUp()).stderr).toBe("");
  expect(await npmRuns()).toHaveLength(2);
});

test("a missing Node installs again", async () => {
  await setUp();
  await rm(join(root, "node_modules/.bin/node"));
  expect((await setUp()).code).toBe(7);
  expect(await npmRuns()).toHaveLength(2);
});

test.each([
  ["newer than the lock file is accepted", 1, 1],
  ["older than the lock file is not", -1, 2],
])("a tree installed by hand that is %s", async (_, hours, runs) => {
  await setUp();
  await rm(join(root, "node_modules/.strata-setup"));
  const at = new Date(Date.now() + hours * 3_600_000);
  await utimes(join(root, "node_modules/.package-lock.json"), at, at);
  expect((await setUp()).code).toBe(7);
  expect(await npmRuns()).toHaveLength(runs);
});

test("four at once install once, one at a time", async () => {
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => setUp()));
  expect(outcomes.map(({ code }) => code)).toEqual([7, 7, 7, 7]);
  expect(await npmRuns()).toHaveLength(1);
});

test("the lock of a dead process is taken over", async () => {
  const dead = spawn("/bin/true");
  await new Promise((resolve) => dead.once("exit", resolve));
  await mkdir(join(root, ".strata/setup.lock"), { recursive: true });
  await writeFile(join(root, ".strata/setup.lock/pid"), String(dead.pid));
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => setUp()));
  expect(outcomes.map(({ code }) => code)).toEqual([7, 7, 7, 7]);
  expect(await npmRuns()).toHaveLength(1);
});

test("a failing npm is one clear message, and the next run tries again", async () => {
  const failed = await setUp({ FAKE_EXIT: "1" });
  expect(failed).toMatchObject({ code: 1, stdout: "" });
  expect(failed.stderr).toMatch(
    /strata: npm error network\ndependencies could not be installed: npm ci ended with exit code 1\n/,
  );
  expect((await setUp()).code).toBe(7);
});

test("a missing npm is one clear message", async () => {
  const failed = await setUp({ PATH: "/no/such/directory" });
  expect(failed).toMatchObject({ code: 1, stdout: "" });
  expect(failed.stderr).toMatch(
    /strata: dependencies could not be installed: npm cannot be run .* it comes with Node\.js/,
  );
});

test("without a script it says how it is used", async () => {
  expect(await start([]).ended).toMatchObject({ code: 1, stderr: expect.stringContaining("usage:") });
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s reaches the script", async (signal) => {
  await writeFile(
    join(root, "script.ts"),
    `process.on("${signal}", () => process.exit(9)); setInterval(() => {}, 1000); console.log("up");`,
  );
  const run = start(["script.ts"]);
  await until("the script is up", () => run.output().includes("up"));
  run.child.kill(signal);
  expect((await run.ended).code).toBe(9);
});
