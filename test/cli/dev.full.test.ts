// Owns `strata dev` as a process: the ready line, restarts, signals, and that nothing is left behind.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";
import { readyLine } from "../../cli/dev/command.ts";
import { startDev } from "../../cli/dev/run.ts";
import { freePort } from "../../cli/dev/ports.ts";
import { descendantsOf, running, workersRuntime } from "./processes.ts";
import { until } from "./until.ts";

const DEV = fileURLToPath(new URL("./stand-ins/dev.ts", import.meta.url));
const ENTRY = fileURLToPath(new URL("./stand-ins/worker.ts", import.meta.url));
const SHOP = fileURLToPath(new URL("./stand-ins/shop.ts", import.meta.url));

const directory = mkdtempSync(join(tmpdir(), "strata-dev-"));
const config = join(directory, "site.ts");
const started: number[] = [];

afterAll(() => rmSync(directory, { recursive: true, force: true }));

// A program that a test leaves running is killed alone: its children must then end by themselves.
afterEach(() => {
  for (const pid of running(started.splice(0))) process.kill(pid, "SIGKILL");
});

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  writeFileSync(config, 'export default { version: "one", [Symbol.for(`strata.site`)]: true };');
  const child = spawn(process.execPath, [DEV, "--port", "0", "--origin-port", "0", "--config", config, ...args], {
    env: { ...process.env, ...env },
    // Its own process group, like a foreground job of a terminal.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("not started");
  started.push(pid);
  const seen = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (seen.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (seen.stderr += chunk.toString()));
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  const ready = async () => {
    const line = await until(`ready; it wrote ${seen.stderr}`, () => /^strata ready .*\n/m.exec(seen.stdout)?.[0]);
    const family = descendantsOf(pid);
    return { line, family, edge: /edge=(\S+)/.exec(line)?.[1] ?? "", origin: /origin=(\S+)/.exec(line)?.[1] ?? "" };
  };
  return { pid, seen, ended, ready };
}

async function siteOf(edge: string): Promise<unknown> {
  return ((await (await fetch(edge)).json()) as Record<string, unknown>)["site"];
}

test("everything answers when the one line is printed; SIGTERM stops everything with exit code 0", async () => {
  const dev = run(["--edges", "2"]);
  const { line, family, edge, origin } = await dev.ready();
  expect(line).toMatch(
    /^strata ready edge=http:\/\/127\.0\.0\.1:\d+ origin=http:\/\/127\.0\.0\.1:\d+ edge2=http:\S+\n$/,
  );
  expect(await siteOf(edge)).toEqual({ version: "one" });
  expect(await (await fetch(origin)).text()).toBe("shop");
  expect(dev.seen.stderr).toContain(`[shop] shop of ${edge}\n`);
  process.kill(dev.pid, "SIGTERM");
  expect(await dev.ended).toBe(0);
  expect(dev.seen.stdout).toBe(line);
  expect(family.length).toBeGreaterThanOrEqual(4);
  await until("all gone", () => running(family).length === 0);
});

test("a Ctrl-C, which reaches the whole process group and may arrive twice, stops everything with exit code 0", async () => {
  const dev = run([]);
  const { family } = await dev.ready();
  process.kill(-dev.pid, "SIGINT");
  process.kill(dev.pid, "SIGINT");
  expect(await dev.ended).toBe(0);
  await until("all gone", () => running(family).length === 0);
  expect(dev.seen.stderr).not.toMatch(/crash|unexpected/i);
});

test("a Ctrl-C that ends the Workers runtime before it reaches us is no crash", async () => {
  const dev = run([]);
  const { family } = await dev.ready();
  const runtime = workersRuntime(family);
  process.kill(runtime, "SIGINT");
  await until("the runtime gone", () => running([runtime]).length === 0);
  process.kill(dev.pid, "SIGINT");
  expect(await dev.ended).toBe(0);
  await until("all gone", () => running(family).length === 0);
  expect(dev.seen.stderr).not.toMatch(/crash|unexpected/i);
});

test("a crash of the Workers runtime is told once it is over", async () => {
  const dev = run([]);
  const { family, edge } = await dev.ready();
  process.kill(workersRuntime(family), "SIGKILL");
  await until("told", () => dev.seen.stderr.includes("crashed and was started again"));
  expect(await siteOf(edge)).toEqual({ version: "one" });
});

test("a second Ctrl-C does not wait for a child that hangs, and a patient one kills it", async () => {
  const impatient = run([], { STAND_IN_HANGS: "1" });
  const patient = run([], { STAND_IN_HANGS: "1" });
  const families = [(await impatient.ready()).family, (await patient.ready()).family].flat();
  process.kill(patient.pid, "SIGINT");
  process.kill(impatient.pid, "SIGINT");
  const again = setInterval(() => process.kill(impatient.pid, "SIGINT"), 400);
  void impatient.ended.then(() => clearInterval(again));
  expect(await Promise.race([impatient.ended.then(() => "impatient"), patient.ended.then(() => "patient")])).toBe(
    "impatient",
  );
  expect(await Promise.all([impatient.ended, patient.ended])).toEqual([0, 0]);
  await until("all gone", () => running(families).length === 0);
});

test("when it is killed no child remains", async () => {
  const dev = run([], { STAND_IN_HANGS: "1" });
  const { family } = await dev.ready();
  process.kill(dev.pid, "SIGKILL");
  await until("all gone", () => running(family).length === 0);
});

test("SIGHUP restarts; a bad configuration is told and the old one stays", async () => {
  const dev = run([]);
  const { edge } = await dev.ready();
  writeFileSync(config, 'export default { version: "two", [Symbol.for(`strata.site`)]: true };');
  process.kill(dev.pid, "SIGHUP");
  await until("restarted", () =>
    dev.seen.stdout.includes("strata restarted: memory is empty; colo, KV and purge log kept\n"),
  );
  expect(await siteOf(edge)).toEqual({ version: "two" });
  writeFileSync(config, 'throw new Error("1 problem:\\n  rules: missing");');
  process.kill(dev.pid, "SIGHUP");
  await until("refused", () => /the old configuration stays: .*1 problem:\n {2}rules: missing\n/.test(dev.seen.stderr));
  expect(await siteOf(edge)).toEqual({ version: "two" });
});

test("a shop that dies is told, everything stops, exit code 1", async () => {
  const dev = run([]);
  const { family, origin } = await dev.ready();
  await fetch(`${origin}/die`).catch(() => undefined);
  expect(await dev.ended).toBe(1);
  expect(dev.seen.stderr).toContain("strata: the demonstration origin stopped unexpectedly (exit code 3)\n");
  await until("all gone", () => running(family).length === 0);
});

test("a shop that cannot start is told, nothing is left, exit code 1", async () => {
  const dev = run(["--origin-port", String(await takenPort())]);
  expect(await dev.ended).toBe(1);
  expect(dev.seen.stderr).toMatch(/^strata: port \d+ is already in use: .* --origin-port N\n$/m);
  expect(dev.seen.stdout).toBe("");
});

test("a bad configuration is told once, without waiting for the shop, exit code 1", async () => {
  const port = await freePort("127.0.0.1");
  const dev = run(["--port", String(port)], { STAND_IN_NEVER_READY: "1" });
  writeFileSync(config, 'throw new Error("1 problem:\\n  rules: missing");');
  expect(await dev.ended).toBe(1);
  expect(dev.seen.stderr.match(/1 problem:\n {2}rules: missing\n/g)).toHaveLength(1);
  expect(dev.seen.stdout).toBe("");
});

test("a wrong option is one line and exit code 2", async () => {
  const dev = run(["--edges", "99"]);
  expect(await dev.ended).toBe(2);
  expect(dev.seen.stderr).toMatch(/^strata: option '--edges <n>'.*\n$/);
});

test("with --origin neither shop nor Redis is started, and the edges front it", async () => {
  const origin = createServer((_, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  const address = origin.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const options = { port: 0, originPort: 0, edges: 1, token: "t", config, entry: ENTRY, log: () => undefined };
  writeFileSync(config, "export default { [Symbol.for(`strata.site`)]: true };");
  const dev = await startDev({ ...options, origin: url, shopScript: "/absent", redisUrl: "redis://absent.test" });
  expect(dev.originUrl).toBe(url);
  expect(await (await fetch(`${dev.edgeUrls[0]}/`)).json()).toMatchObject({ origin: url, token: "t" });
  await dev.restart();
  await dev.close();
  origin.close();
  await expect(fetch(`${dev.edgeUrls[0]}/`)).rejects.toThrow();
});

test("the path that tests call gives the same parts without a terminal", async () => {
  writeFileSync(config, "export default { [Symbol.for(`strata.site`)]: true };");
  const options = { port: 0, originPort: await freePort("127.0.0.1"), edges: 1, token: "t", config };
  const dev = await startDev({ ...options, entry: ENTRY, shopScript: SHOP, log: () => undefined });
  expect(dev.originUrl).toBe(`http://127.0.0.1:${options.originPort}`);
  await dev.close();
  await expect(fetch(dev.originUrl)).rejects.toThrow();
});

test("the ready line", () => {
  expect(readyLine({ edgeUrls: ["http://a:1"], originUrl: "http://o" })).toBe(
    "strata ready edge=http://a:1 origin=http://o",
  );
  expect(readyLine({ edgeUrls: ["http://a:1", "http://a:2", "http://a:3"], originUrl: "http://o" })).toBe(
    "strata ready edge=http://a:1 origin=http://o edge2=http://a:2 edge3=http://a:3",
  );
});

async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
