// Owns the count of what a reader has to cross: files and functions of src/ that run for a hit, a miss, a refresh and a purge.
import { once } from "node:events";
import { createServer } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Node, parseSync, Visitor } from "oxc-parser";
import { bundleWorker, ROOT } from "../cli/dev/bundle.ts";
import { startEdges } from "../cli/dev/edges.ts";

const TOKEN = "bench-token";
const ROUNDS = 5;
/** Work in the background counts, too: an exchange is over when nothing new has run for this long. Writes to KV pause up to 250 ms. */
const SILENCE_MS = 600;

interface Counted {
  readonly files: readonly string[];
  readonly functions: number;
}

/** The worker with a mark at the beginning of each function, and the file that each mark's function is in. */
function marked(source: string): { readonly code: string; readonly fileOf: readonly string[] } {
  // the bundler writes each file's path above its code
  const heads = [...source.matchAll(/^\/\/ (?<file>\S+\.(?:ts|js|mjs))$/gm)];
  const fileOf: string[] = [];
  const insertions: { readonly at: number; readonly text: string }[] = [];
  const mark = ({ start, body }: { readonly start: number; readonly body: Node | null }): void => {
    const file = heads.findLast(({ index }) => index <= start)?.groups?.["file"] ?? "";
    if (!body || !file.startsWith("src/")) return;
    const text = `MARKS[${String(fileOf.push(file) - 1)}]=1`;
    if (body.type === "BlockStatement") insertions.push({ at: body.start + 1, text: `${text};` });
    else insertions.push({ at: body.start, text: `(${text},` }, { at: body.end, text: ")" });
  };
  const { program } = parseSync("worker.js", source);
  const visit = { FunctionDeclaration: mark, FunctionExpression: mark, ArrowFunctionExpression: mark };
  new Visitor(visit).visit(program);
  let code = "";
  let from = 0;
  for (const { at, text } of insertions.toSorted((one, other) => one.at - other.at)) {
    code += source.slice(from, at) + text;
    from = at;
  }
  return {
    code: `const MARKS = (globalThis.MARKS = new Uint8Array(${String(fileOf.length)}));\n${code}${source.slice(from)}`,
    fileOf,
  };
}

/** Gives out the marks, and removes them. */
const ENTRY = `import worker from "./worker.js";
export * from "./worker.js";
export default {
  fetch(request, env, context) {
    if (!request.url.endsWith("/.crossed")) return worker.fetch(request, env, context);
    const crossed = [...globalThis.MARKS].flatMap((mark, index) => (mark ? [index] : []));
    globalThis.MARKS.fill(0);
    return Response.json(crossed);
  },
};`;

const folder = await mkdtemp(join(tmpdir(), "strata-crossings-"));
const { code, fileOf } = marked(await bundleWorker(`${ROOT}/src/worker.ts`, undefined));
await writeFile(join(folder, "worker.js"), code);
await writeFile(join(folder, "entry.js"), ENTRY);

/** Answers every path alike: a page with a tag and a validator, stale after a second below `/soon`. */
const origin = createServer((request, response) => {
  const isSoon = request.url?.startsWith("/soon") ?? false;
  const lifetime = isSoon ? "max-age=1, stale-while-revalidate=600" : "max-age=3600";
  const fields = { "cache-control": lifetime, etag: '"1"', "cache-tag": "page", "content-type": "text/html" };
  const isSame = request.headers["if-none-match"] === '"1"';
  response.writeHead(isSame ? 304 : 200, fields).end(isSame ? undefined : "<p>hello</p>");
});
origin.listen(0, "127.0.0.1");
await once(origin, "listening");
const { port } = origin.address() as AddressInfo;
const entry = join(folder, "entry.js");
const edges = await startEdges({ count: 1, port: 0, origin: `http://127.0.0.1:${String(port)}`, token: TOKEN, entry });
const [edge = ""] = edges.urls;

/** Reads the whole answer, and says how the cache came by it. */
async function get(path: string): Promise<string> {
  const response = await fetch(edge + path);
  await response.arrayBuffer();
  return response.headers.get("cache-status") ?? "";
}

async function expectIn(answer: Promise<string>, word: RegExp): Promise<void> {
  const status = await answer;
  if (!word.test(status)) throw new Error(`the exchange is not the one to be counted: ${status}`);
}

async function purge(): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const response = await fetch(`${edge}/.strata/purge`, { method: "POST", headers, body: '{"tags":["other"]}' });
  if (response.status !== 200) throw new Error(`the purge failed: ${String(response.status)}`);
  await response.arrayBuffer();
}

async function crossed(): Promise<readonly number[]> {
  return (await (await fetch(`${edge}/.crossed`)).json()) as number[];
}

/** Runs an exchange, and counts what ran for it. */
async function count(exchange: () => Promise<unknown>): Promise<Counted> {
  await crossed();
  await exchange();
  const all = new Set<number>();
  for (let silentMs = 0; silentMs < SILENCE_MS; silentMs += 50) {
    const before = all.size;
    for (const index of await crossed()) all.add(index);
    if (all.size > before) silentMs = 0;
    await sleep(50);
  }
  return { files: [...new Set([...all].map((index) => fileOf[index] ?? ""))].sort(), functions: all.size };
}

const rows: Record<string, Counted[]> = { hit: [], miss: [], refresh: [], purge: [] };
await get("/warm");
await purge();
for (let round = 0; round < ROUNDS; round += 1) {
  await get(`/soon/${String(round)}`);
  await get("/warm");
  rows["hit"]?.push(await count(() => expectIn(get("/warm"), /; hit/)));
  rows["miss"]?.push(await count(() => expectIn(get(`/new/${String(round)}`), /fwd=uri-miss.*stored/)));
  await sleep(1200);
  rows["refresh"]?.push(await count(() => expectIn(get(`/soon/${String(round)}`), /; hit.*detail=stale/)));
  rows["purge"]?.push(await count(purge));
}
await edges.close();
origin.close();
await rm(folder, { recursive: true });

const names = process.argv.includes("--list");
process.stdout.write("| exchange | files | functions |\n| --- | ---: | ---: |\n");
for (const [exchange, all] of Object.entries(rows)) {
  const { files, functions } = all.sort((a, b) => a.functions - b.functions)[Math.floor(ROUNDS / 2)] ?? {
    files: [],
    functions: 0,
  };
  process.stdout.write(`| ${exchange} | ${String(files.length)} | ${String(functions)} |\n`);
  if (names) process.stdout.write(`${files.join("\n")}\n`);
}
