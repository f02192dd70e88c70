// Owns the check of the memory tier's accounting: the size of entries in the heap of a real isolate, against the size the tier counts for them.
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Shape } from "./eviction/heap-worker.ts";
import { openHeap, withV8Flags } from "./harness/heap.ts";

const BARE: Shape = {
  headers: 0,
  edgeHeaders: 0,
  variant: 0,
  targets: 0,
  bodyBytes: 0,
  validators: false,
  forms: 0,
  indexed: 0,
};
const USUAL: Shape = { ...BARE, headers: 8, edgeHeaders: 1, targets: 3, bodyBytes: 1024, validators: true };
const SHAPES: readonly (readonly [string, Shape])[] = [
  ["no fields, no body", BARE],
  ["100 bytes of body", { ...BARE, bodyBytes: 100 }],
  ["10 fields", { ...BARE, headers: 10 }],
  ["2 selecting fields", { ...BARE, variant: 2 }],
  ["10 tags", { ...BARE, targets: 10 }],
  ["8 fields, 1 for the edge, validators, 3 tags, 1 KB", USUAL],
  ["1 KB, and 3 encoded forms", { ...BARE, bodyBytes: 1024, forms: 3 }],
  ["an index of 8 variants", { ...BARE, indexed: 8 }],
];
const ENTRIES = 50_000;
const ROOMY_BYTES = 2 ** 30;
const DEFAULT_BYTES = 32 * 2 ** 20;
const OFFERED = 200_000;

const { outputFiles } = await build({
  entryPoints: [new URL("eviction/heap-worker.ts", import.meta.url).pathname],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2024",
});
// the collector is called by the worker, so that what is measured is alive
const isolate = await withV8Flags("--expose-gc", async () => {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      inspectorPort: 0,
      workers: [{ name: "heap", modules: true, script: outputFiles[0]?.text ?? "", compatibilityDate: "2026-10-01" }],
    }),
  );
  await miniflare.ready;
  return miniflare;
});
const heapOf = await openHeap(new URL("/core:user:heap", await isolate.getInspectorURL()).href);

/** Resident memory of workerd, bytes; 0 where the system does not tell. */
function residentBytes(): number {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ");
    const sizes = children.map((pid) => {
      const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
      const pages = /VmRSS:\s+(?<kilobytes>\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.groups?.[
        "kilobytes"
      ];
      return name === "workerd" ? Number(pages) * 1024 : 0;
    });
    return Math.max(...sizes);
  } catch {
    return 0;
  }
}

async function fill(entries: number, budget: number, shape: Shape): Promise<number> {
  const body = JSON.stringify({ entries, budget, shape });
  const answer = await isolate.dispatchFetch("http://heap.test/", { method: "POST", body });
  return ((await answer.json()) as { readonly usedBytes: number }).usedBytes;
}

await fill(0, 0, BARE);
const emptyBytes = await heapOf.bytes();
const emptyResidentBytes = residentBytes();
const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
const bounds: string[] = [];
for (const [name, shape] of [
  ["no fields, no body", BARE],
  ["8 fields, 1 KB", USUAL],
] as const) {
  const used = await fill(OFFERED, DEFAULT_BYTES, shape);
  const heap = (await heapOf.bytes()) - emptyBytes;
  bounds.push(
    `${OFFERED.toLocaleString("en")} distinct objects offered (${name}), budget ${megabytes(DEFAULT_BYTES)} MB: counted ${megabytes(used)} MB, heap ${megabytes(heap)} MB; resident memory of workerd, garbage included, grew by ${megabytes(residentBytes() - emptyResidentBytes)} MB.`,
  );
}
const lines = ["| entry | counted, bytes | taken, bytes | taken / counted |", "| --- | ---: | ---: | ---: |"];
for (const [name, shape] of SHAPES) {
  await fill(0, 0, shape);
  const before = await heapOf.bytes();
  const counted = (await fill(ENTRIES, ROOMY_BYTES, shape)) / ENTRIES;
  const taken = ((await heapOf.bytes()) - before) / ENTRIES;
  lines.push(`| ${name} | ${counted.toFixed(0)} | ${taken.toFixed(0)} | ${(taken / counted).toFixed(2)} |`);
}
heapOf.close();
await isolate.dispose();

const text = `${ENTRIES.toLocaleString("en")} entries of each kind, in workerd:\n\n${lines.join("\n")}\n\n${bounds.map((line) => `- ${line}`).join("\n")}`;
process.stdout.write(`${text}\n`);
if (process.argv[2] === "--write") {
  const page = new URL("../docs/decisions/011-memory-eviction-and-admission.md", import.meta.url);
  writeFileSync(
    page,
    readFileSync(page, "utf8").replace(
      /(<!-- heap -->\n)[^]*?(\n<!-- end of heap -->)/,
      (_, start: string, end: string) => `${start}\n${text}\n${end}`,
    ),
  );
}
