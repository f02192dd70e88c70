// Owns the study of the load on the purge log: 300 colos with 10,000 isolates on a virtual clock; writes its results and their table.
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { type LoadRow, monthlyCost, studied, WORLDS } from "./freshness/study.ts";

const rows: LoadRow[] = [];
const startedAtMs = performance.now();
for (const [name, world] of WORLDS) {
  rows.push(await studied(name, world));
  process.stdout.write(`${name}: ${Math.round((performance.now() - startedAtMs) / 1000)} s\n`);
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.01 ? 3 : 1)} %`;
const lines = rows.map((row) => {
  const { requests, duration } = monthlyCost(row.mean);
  return [
    row.name,
    row.mean.toFixed(0),
    row.worst,
    row.worstCold,
    percent(row.waited),
    percent(row.waitedForLog),
    `${row.medianMs} / ${row.p99Ms} / ${row.longestMs}`,
    `${percent(row.unknown)}, ${row.broken}`,
    `$${(requests + duration).toFixed(0)}`,
  ].join(" | ");
});
const head = [
  "",
  "requests to the log a second, mean",
  "worst second",
  "worst second, all cold",
  "requests that waited",
  "for longer than a read of the Cache API",
  "they waited: median / p99 / longest, ms",
  "knew nothing inside the bound, bound broken",
  "Durable Object a month",
];
const table = [head.join(" | "), head.map((_, i) => (i === 0 ? "---" : "---:")).join(" | "), ...lines]
  .map((line) => `| ${line} |`)
  .join("\n");
const requests = rows.reduce((sum, row) => sum + row.requests, 0);
const text = `${table}\n\n\`node bench/purge-load.ts\`, ${requests.toLocaleString("en")} requests of a seeded chance, ${cpus()[0]?.model ?? "an unknown machine"}, ${availableParallelism()} processors.`;
process.stdout.write(`${text}\n`);

await writeFile(new URL("results/purge-load.json", import.meta.url), `${JSON.stringify(rows, undefined, 1)}\n`);
const page = new URL("../docs/decisions/018-purge-freshness.md", import.meta.url);
await writeFile(
  page,
  (await readFile(page, "utf8")).replace(
    /(<!-- results -->\n)[^]*(\n<!-- end -->)/,
    (_, start: string, end: string) => `${start}\n${text}\n${end}`,
  ),
);
