// Owns making a fresh checkout runnable: installs what is missing, then runs a script under the project's own Node.
// Must run on Node 20 without node_modules.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const BIN = join(ROOT, "node_modules", ".bin");
const NODE = join(BIN, "node");
const STAMP = join(ROOT, "node_modules", ".strata-setup");
const LOCK = join(ROOT, ".strata", "setup.lock");
const LOCK_POLL_MS = 100;
const PIDLESS_LOCK_MS = 5000;

/** One value for everything that decides what is installed. */
function wanted() {
  const hash = createHash("sha256");
  const { workspaces = [] } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const file of ["package-lock.json", "package.json", ...workspaces.map((name) => join(name, "package.json"))]) {
    const path = join(ROOT, file);
    const content = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function isInstalled() {
  if (!existsSync(NODE)) return false;
  if (existsSync(STAMP)) return readFileSync(STAMP, "utf8") === wanted();
  // Installed by hand: npm writes its own record last, so a record newer than the lock file is complete.
  const record = join(ROOT, "node_modules", ".package-lock.json");
  if (!existsSync(record) || statSync(record).mtimeMs < statSync(join(ROOT, "package-lock.json")).mtimeMs) return false;
  writeFileSync(STAMP, wanted());
  return true;
}

async function install() {
  await takeLock();
  try {
    if (isInstalled()) return;
    process.stderr.write("installing dependencies (once)...\n");
    rmSync(STAMP, { force: true });
    const problem = await npmCi();
    if (problem !== undefined) throw new Error(problem);
    if (!existsSync(NODE)) throw new Error("npm left no node_modules/.bin/node; were install scripts disabled?");
    writeFileSync(STAMP, wanted());
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}

/** Resolves with what went wrong, if anything did. */
async function npmCi() {
  const { how, output } = await npm(["ci"]);
  if (how === undefined) return undefined;
  return `${output}dependencies could not be installed: ${how}\n  when that is solved run the same command again`;
}

/** Resolves with what npm wrote to its error output and how it failed, if it did. */
function npm(args) {
  // npm must not run under the Node it is about to replace.
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((entry) => !entry.endsWith(join("node_modules", ".bin")));
  const child = spawn("npm", [...args, "--loglevel=error", "--include=dev", "--no-audit", "--no-fund"], {
    cwd: ROOT,
    env: { ...process.env, PATH: path.join(delimiter) },
    stdio: ["ignore", "ignore", "pipe"],
    shell: process.platform === "win32",
  });
  let output = "";
  child.stderr.on("data", (chunk) => (output += chunk));
  return new Promise((done) => {
    child.once("error", (error) =>
      done({ output: "", how: `npm cannot be run (${error.message}); it comes with Node.js` }),
    );
    child.once("close", (code, signal) =>
      done({ output, how: code === 0 ? undefined : `npm ${args[0]} ended with ${signal ?? `exit code ${code}`}` }),
    );
  });
}

/** One installation at a time; the lock of a process that has died is taken over. */
async function takeLock() {
  mkdirSync(dirname(LOCK), { recursive: true });
  for (;;) {
    try {
      mkdirSync(LOCK);
      writeFileSync(join(LOCK, "pid"), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = lockOwner();
    if (owner.isAlive) await pause(LOCK_POLL_MS);
    else dropLock(owner.pid);
  }
}

function lockOwner() {
  let pid = "";
  try {
    pid = readFileSync(join(LOCK, "pid"), "utf8");
    // Between making the directory and writing the pid, or while it is being removed, there is none to read.
    if (pid === "") throw new Error("no pid yet");
    process.kill(Number(pid), 0);
    return { pid, isAlive: true };
  } catch (error) {
    if (error.code === "EPERM") return { pid, isAlive: true };
    if (pid !== "") return { pid, isAlive: false };
    const age = Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    return { pid, isAlive: age < PIDLESS_LOCK_MS };
  }
}

/** Moves the dead lock aside first: of several that noticed, one succeeds, and a new owner's lock is put back. */
function dropLock(deadPid) {
  const aside = `${LOCK}.${process.pid}`;
  try {
    renameSync(LOCK, aside);
    const file = join(aside, "pid");
    if (existsSync(file) && readFileSync(file, "utf8") !== deadPid) renameSync(aside, LOCK);
    else rmSync(aside, { recursive: true, force: true });
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST" && error.code !== "ENOTEMPTY") throw error;
  }
}

function run(script, args) {
  // The channel carries nothing: the script can notice by its closing that we were killed.
  const child = spawn(NODE, [script, ...args], {
    env: { ...process.env, PATH: [BIN, process.env.PATH ?? ""].join(delimiter) },
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("error", (error) => fail(`cannot run ${NODE}: ${error.message}`));
  child.once("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function fail(message) {
  process.stderr.write(`strata: ${message}\n`);
  process.exit(1);
}

const [script, ...args] = process.argv.slice(2);
if (script === undefined) fail("usage: node cli/setup.mjs SCRIPT.ts [arguments]");
try {
  if (!isInstalled()) await install();
  run(script, args);
} catch (error) {
  fail(error.message);
}
