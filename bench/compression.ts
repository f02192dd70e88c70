// Owns the measurement behind the compression levels: CPU time and ratio of each coding and level, for real text, in workerd.
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { readDeployment } from "../cli/dev/wrangler-config.ts";

const MODULES = resolve(import.meta.dirname, "../node_modules");
const KB = 1024;
const SIZES = [2 * KB, 20 * KB, 200 * KB, 1000 * KB];
const LEVELS: Readonly<Record<string, readonly number[]>> = {
  br: [1, 4, 5, 6, 9],
  zstd: [1, 3, 6, 9, 12],
  gzip: [1, 4, 6, 9],
};
/** Each figure comes from about so much work. */
const WORK_MS = 250;

/** Clocks stand still inside a request: the worker repeats, and is timed from outside. */
const WORKER = `
import zlib from "node:zlib";
const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT, ZSTD_c_compressionLevel } = zlib.constants;
const ENCODE = {
  br: (body, level) =>
    zlib.brotliCompressSync(body, { params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: body.length } }),
  // as src/codings/zlib.ts does it
  zstd: (body, level) =>
    zlib
      .createZstdCompress({ params: { [ZSTD_c_compressionLevel]: level }, chunkSize: body.length + (body.length >> 8) + 512 })
      ._processChunk(body, zlib.constants.ZSTD_e_end),
  gzip: (body, level) => zlib.gzipSync(body, { level }),
};
export default {
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    const encode = ENCODE[searchParams.get("coding")];
    let bytes = 0;
    for (let i = 0; i < Number(searchParams.get("times")); i++) {
      bytes = encode(body, Number(searchParams.get("level"))).length;
    }
    return new Response(String(bytes));
  },
};`;

async function javascript(): Promise<Buffer> {
  const folder = join(MODULES, "hono/dist");
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".js")).toSorted();
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(folder, file)))));
}

const TEXTS: Readonly<Record<string, Buffer>> = {
  html: await readFile(join(MODULES, "http-cache-tests/spec/cache.html")),
  json: await readFile(join(MODULES, "oxlint/configuration_schema.json")),
  js: await javascript(),
};

const { compatibilityDate, compatibilityFlags } = await readDeployment();
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    port: 0,
    cf: false,
    telemetry: { enabled: false },
    workers: [
      {
        name: "bench",
        modules: [{ type: "ESModule", path: "worker.js", contents: WORKER }],
        compatibilityDate,
        compatibilityFlags: [...compatibilityFlags],
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      },
    ],
  }),
);
const { origin } = await miniflare.unsafeGetDirectURL("bench");

/** Milliseconds that `times` encodings take, and the bytes of one. */
async function encode(
  body: Buffer,
  coding: string,
  level: number,
  times: number,
): Promise<[ms: number, bytes: number]> {
  const startedAtMs = performance.now();
  const url = `${origin}/?coding=${coding}&level=${level}&times=${times}`;
  const answer = await fetch(url, { method: "POST", body: new Uint8Array(body) });
  const bytes = Number(await answer.text());
  return [performance.now() - startedAtMs, bytes];
}

async function measured(body: Buffer, coding: string, level: number): Promise<string> {
  await encode(body, coding, level, 1);
  const [onceMs] = await encode(body, coding, level, 3);
  const times = Math.max(3, Math.round((3 * WORK_MS) / onceMs));
  const [emptyMs] = await encode(body, coding, level, 0);
  const rounds: number[] = [];
  let bytes = 0;
  for (let round = 0; round < 3; round += 1) {
    const [ms, size] = await encode(body, coding, level, times);
    rounds.push((ms - emptyMs) / times);
    bytes = size;
  }
  // the least disturbed round
  return `${Math.min(...rounds).toFixed(2)} ms, ${((100 * bytes) / body.length).toFixed(1)} %`;
}

const columns = Object.entries(TEXTS).flatMap(([name, text]) =>
  SIZES.filter((_, index) => index === 0 || text.length > (SIZES[index - 1] ?? 0) * 2).map((size) => {
    const body = text.subarray(0, size);
    return { name: `${name} ${Math.round(body.length / KB)} KB`, body };
  }),
);
const row = (cells: readonly string[]): void => void process.stdout.write(`| ${cells.join(" | ")} |\n`);
row(["", ...columns.map(({ name }) => name)]);
row(["---", ...columns.map(() => "---")]);
for (const [coding, levels] of Object.entries(LEVELS)) {
  for (const level of levels) {
    const cells: string[] = [];
    for (const { body } of columns) cells.push(await measured(body, coding, level));
    row([`${coding} ${level}`, ...cells]);
  }
}
await miniflare.dispose();
