// Owns the local edges: their shared and separate parts, restarts, and messages about problems.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Edges, type EdgesOptions, startEdges } from "../../cli/dev/edges.ts";
import { freePort } from "../../cli/dev/ports.ts";
import { descendantsOf, running } from "./processes.ts";
import { until } from "./until.ts";

const ENTRY = fileURLToPath(new URL("./stand-ins/worker.ts", import.meta.url));
const PROBLEMS = "2 problems:\\n  rules[0].edge.ttl: not a duration\\n  rules[1].match: not a path";

let directory: string;
let config: string;
const log: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "strata-edges-"));
  config = join(directory, "site.ts");
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function start(more: Partial<EdgesOptions> = {}): Promise<Edges> {
  const log_ = (line: string): void => void log.push(line);
  return startEdges({ count: 1, port: 0, token: "secret", entry: ENTRY, config, log: log_, ...more });
}

async function ask(url: string | undefined, path = "/"): Promise<Record<string, unknown>> {
  return (await fetch(`${url}${path}`)).json() as Promise<Record<string, unknown>>;
}

async function site(source: string): Promise<void> {
  await writeFile(config, source);
}

describe("two edges", () => {
  let edges: Edges;

  beforeAll(async () => {
    await site('export default { version: "one", [Symbol.for(`strata.site`)]: true };');
    edges = await start({ count: 2, origin: "http://origin.test" });
  });

  afterAll(() => edges.close());

  test("get their bindings and the chosen configuration", async () => {
    const common = { origin: "http://origin.test", token: "secret", env: "development", site: { version: "one" } };
    expect(await ask(edges.urls[0])).toMatchObject({ ...common, colo: "edge-0" });
    expect(await ask(edges.urls[1])).toMatchObject({ ...common, colo: "edge-1" });
  });

  test("share KV and the log, not the cache", async () => {
    await ask(edges.urls[0], "/fill");
    expect(await ask(edges.urls[0])).toMatchObject({ kv: "kept", cached: "cached" });
    expect(await ask(edges.urls[1])).toMatchObject({ kv: "kept", cached: null });
    const { log: before } = await ask(edges.urls[0], "/append");
    expect(await ask(edges.urls[1], "/append")).toMatchObject({ log: Number(before) + 1 });
  });

  test("write their console to the log behind their names", async () => {
    await ask(edges.urls[1], "/say");
    await until("the line", () => log.some((line) => line.startsWith("[edge-1] said") && line.includes("/say")));
  });

  test("a restart empties memory and takes the new configuration; KV, cache, log and URLs stay", async () => {
    await ask(edges.urls[0], "/fill");
    const { log: before } = await ask(edges.urls[0], "/append");
    await site('export default { version: "two", [Symbol.for(`strata.site`)]: true };');
    await edges.restart();
    expect(await ask(edges.urls[0])).toMatchObject({
      requests: 1,
      kv: "kept",
      cached: "cached",
      site: { version: "two" },
    });
    expect(await ask(edges.urls[1], "/append")).toMatchObject({ requests: 1, cached: null, log: Number(before) + 1 });
  });

  test.each([
    ["throws", `throw new Error("${PROBLEMS}");`, /2 problems:\n {2}rules\[0\].*\n {2}rules\[1\].*$/],
    ["is no TypeScript", "export defa", /cannot bundle .*\n.*site\.ts:1:8: /],
    ["imports what is not there", 'import "./absent.ts";', /cannot bundle .*\n.*Could not resolve "\.\/absent\.ts"/],
  ])("a new configuration that %s is told and the running isolates stay", async (_, source, expected) => {
    const { requests } = await ask(edges.urls[0]);
    await site(source);
    await expect(edges.restart()).rejects.toThrow(expected);
    expect(await ask(edges.urls[0])).toMatchObject({ requests: Number(requests) + 1, site: { version: "two" } });
  });

  test("a configuration that only fails in the worker is told, and the old one runs again", async () => {
    await site(`if (caches.default) throw new Error("${PROBLEMS}");`);
    await expect(edges.restart()).rejects.toThrow(/does not start: 2 problems:\n {2}rules\[0\].*\n {2}rules\[1\].*$/);
    expect(await ask(edges.urls[1])).toMatchObject({ kv: "kept", site: { version: "two" } });
  });
});

describe("at start", () => {
  test.each([
    ["throws", `throw new Error("${PROBLEMS}");`, /site\.ts: 2 problems:\n {2}rules\[0\].*\n {2}rules\[1\].*$/],
    ["throws in the worker only", `if (caches.default) throw new Error("${PROBLEMS}");`, /2 problems:\n.*\n.*path$/],
    ["is no TypeScript", "export defa", /cannot bundle/],
    ["exports something else", "export default { rules: [] };", /must be what defineSite/],
  ])("a configuration that %s is told without a stack", async (_, source, expected) => {
    await site(source);
    await expect(start()).rejects.toThrow(expected);
  });

  test("a configuration may import what only the platform has", async () => {
    await site(
      'import { DurableObject } from "cloudflare:workers"; export default { is: typeof DurableObject, [Symbol.for(`strata.site`)]: true };',
    );
    const edges = await start();
    expect(await ask(edges.urls[0])).toMatchObject({ site: { is: "function" }, origin: null });
    await edges.close();
  });

  test("a missing configuration file is told", async () => {
    await expect(start({ config: join(directory, "absent.ts") })).rejects.toThrow(/--config: no such file/);
  });

  test("a taken port, also of the second edge, is one clear line", async () => {
    await site("export default { [Symbol.for(`strata.site`)]: true };");
    const port = await freePort("127.0.0.1");
    const server = createServer().listen(port + 1, "127.0.0.1");
    await until("listening", () => server.listening);
    const error: unknown = await start({ count: 2, port }).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/^PortTakenError: port \d+ is already in use: .* choose another with --port N$/);
    server.close();
  });

  test("ports follow the first", async () => {
    await site("export default { [Symbol.for(`strata.site`)]: true };");
    const edges = await until("two free ports in a row", async () => {
      const port = await freePort("127.0.0.1");
      return start({ count: 2, port }).catch(() => undefined);
    });
    const [first, second] = edges.urls.map((url) => Number(new URL(url).port));
    expect(second).toBe(Number(first) + 1);
    await edges.close();
  });
});

test("persisted state outlives close", async () => {
  await site("export default { [Symbol.for(`strata.site`)]: true };");
  const persist = join(directory, "state");
  const first = await start({ persist });
  await ask(first.urls[0], "/fill");
  await ask(first.urls[0], "/append");
  await first.close();
  const second = await start({ persist });
  expect(await ask(second.urls[0], "/append")).toMatchObject({ kv: "kept", cached: "cached", log: 2 });
  await second.close();
});

test("after close no process remains", async () => {
  await site("export default { [Symbol.for(`strata.site`)]: true };");
  const before = new Set(descendantsOf(process.pid));
  const edges = await start();
  const started = descendantsOf(process.pid).filter((pid) => !before.has(pid));
  expect(started.length).toBeGreaterThanOrEqual(2);
  await edges.close();
  await until("all gone", () => running(started).length === 0);
});
