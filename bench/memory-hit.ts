// Owns the first benchmark: a memory hit against a bare worker that returns the same bytes and fields, in one run.
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism, cpus } from "node:os";
import { writeFile } from "node:fs/promises";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { startEdges } from "../cli/dev/edges.ts";

const ROUNDS = 7;
const REQUESTS = 20_000;
const CONNECTIONS = 16;
const BODY = "x".repeat(1024);

/** Requests per second of one round; every answer is checked for its length. */
async function round(url: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let left = REQUESTS;
  const startedAtMs = performance.now();
  const connection = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await get(url, agent);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  agent.destroy();
  return REQUESTS / ((performance.now() - startedAtMs) / 1000);
}

function get(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => (bytes += chunk.length));
      answer.on("end", () => {
        if (answer.statusCode === 200 && bytes === BODY.length) resolve();
        else reject(new Error(`${url}: ${String(answer.statusCode)} with ${bytes} bytes`));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const origin = createServer((_, response) => {
  response.writeHead(200, {
    "content-type": "application/json",
    "cache-control": "public, max-age=86400",
    etag: '"a"',
  });
  response.end(BODY);
}).listen(0, "127.0.0.1");
await new Promise((resolve) => origin.once("listening", resolve));
const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
const edges = await startEdges({ count: 1, port: 0, origin: originUrl, token: "bench-token" });
const strataUrl = `${edges.urls[0] ?? ""}/object`;

for (let i = 0; i < 2; i++) await (await fetch(strataUrl)).arrayBuffer();
// plain, as the rounds ask for it
const sample = await fetch(strataUrl, { headers: { "accept-encoding": "identity" } });
await sample.arrayBuffer();
const perConnection = new Set(["connection", "keep-alive", "transfer-encoding"]);
const fields = [...sample.headers].filter(([name]) => !perConnection.has(name));
const bare = new Miniflare(
  convertV4MiniflareOptions({
    workers: [
      {
        name: "bare",
        modules: true,
        script: `const body = new TextEncoder().encode(${JSON.stringify(BODY)});
          const headers = ${JSON.stringify(fields)};
          export default { fetch: () => new Response(body, { headers }) };`,
        compatibilityDate: "2026-10-01",
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      },
    ],
  }),
);
const bareUrl = `${(await bare.unsafeGetDirectURL("bare")).origin}/object`;

const rounds: { readonly bare: number; readonly strata: number }[] = [];
await round(bareUrl);
await round(strataUrl);
// in turn, so that a machine that slows down slows both
for (let i = 0; i < ROUNDS; i++) rounds.push({ bare: await round(bareUrl), strata: await round(strataUrl) });
await Promise.all([bare.dispose(), edges.close()]);
origin.close();

const ratios = rounds.map((each) => each.strata / each.bare);
const result = {
  what: "memory hit / bare worker with the same bytes and fields, requests per second",
  machine: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} processors, Node ${process.versions.node}`,
  rounds,
  median: median(ratios),
  worst: Math.min(...ratios),
};
const figure = (value: number): string => value.toFixed(2);
const page = `# Benchmarks

Made by \`npm run bench\`: ${result.what}. ${CONNECTIONS} connections, ${REQUESTS.toLocaleString("en")} requests of 1 KB a round, ${ROUNDS} rounds in
turn through direct sockets, one client process. Ratios are what counts; the absolute figures are those of this machine, which client and
server share (${result.machine}).

| row | bare worker | Strata | ratio, median | ratio, worst round | budget |
| --- | ---: | ---: | ---: | ---: | ---: |
| memory hit | ${Math.round(median(rounds.map((each) => each.bare))).toLocaleString("en")}/s | ${Math.round(median(rounds.map((each) => each.strata))).toLocaleString("en")}/s | ${figure(result.median)} | ${figure(result.worst)} | 0.85 |

Not measured yet: colo hit, miss, stampede, purge.
`;
await writeFile(new URL("../docs/benchmarks.md", import.meta.url), page);
process.stdout.write(page);
