// Owns the study of eviction: policies over an access log and made-up streams, at several budgets; writes its results and their tables.
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { belady, bound } from "./eviction/clairvoyant.ts";
import { logStream } from "./eviction/log-stream.ts";
import { fifo, lru, type MakePolicy, sieve, twoQueues } from "./eviction/policies.ts";
import { realTier } from "./eviction/real-tier.ts";
import type { Stream } from "./eviction/stream.ts";
import { type Cell, type StreamResult, tables } from "./eviction/tables.ts";
import { zipfStream } from "./eviction/zipf.ts";

const BODY_LIMIT_BYTES = 2 ** 20;
const SHARES = [0.005, 0.01, 0.05, 0.1];
const ZIPF = { objects: 20_000, requests: 150_000, wonders: 0.2, scan: 10_000, moves: false };

const atOneHit = (): number => 1;
const atTwoHits = (): number => 2;
const priced =
  (times: number) =>
  (weight: number, mean: number): number =>
    Math.min(3, Math.max(1, Math.ceil(weight / (times * mean))));
const notLarge = (weight: number, mean: number): boolean => weight <= 2 * mean;
const s3 = { share: 0.1, promoteAt: atOneHit, main: "clock", ghosts: 1 } as const;

const POLICIES: readonly MakePolicy[] = [
  fifo,
  lru,
  sieve,
  twoQueues({ ...s3, name: "SIEVE behind probation", main: "sieve", ghosts: 0 }),
  twoQueues({ ...s3, name: "SIEVE, probation, ghosts", main: "sieve" }),
  twoQueues({ ...s3, name: "S3-FIFO as published", promoteAt: atTwoHits }),
  twoQueues({ ...s3, name: "S3-FIFO, one hit stays" }),
  twoQueues({ ...s3, name: "large ones need more hits", promoteAt: priced(8) }),
  twoQueues({ ...s3, name: "large ones have no ghosts", ghostTakes: notLarge }),
  twoQueues({ ...s3, name: "both (model of the tier)", promoteAt: priced(8), ghostTakes: notLarge }),
  twoQueues({
    ...s3,
    name: "both, size dearer",
    promoteAt: priced(2),
    cost: priced(2),
    ghostTakes: notLarge,
  }),
  realTier,
  belady("clairvoyant (Belady by size)", (distance, weight) => distance * weight),
];

function measure(stream: Stream, make: MakePolicy, share: number): { name: string; cell: Cell } {
  const policy = make(stream, stream.footprintBytes * share);
  let [hits, bytes, hitBytes] = [0, 0, 0];
  for (const id of stream.requests) {
    const bodyBytes = stream.objects[id]?.bodyBytes ?? 0;
    bytes += bodyBytes;
    if (!policy.request(id)) continue;
    hits += 1;
    hitBytes += bodyBytes;
  }
  return { name: policy.name, cell: { hitRatio: hits / stream.requests.length, byteHitRatio: hitBytes / bytes } };
}

function study(stream: Stream): StreamResult {
  const rows = POLICIES.map((make) => {
    const measured = SHARES.map((share) => measure(stream, make, share));
    return { policy: measured[0]?.name ?? "", cells: measured.map(({ cell }) => cell) };
  });
  const bytes = stream.requests.reduce((sum, id) => sum + (stream.objects[id]?.bodyBytes ?? 0), 0);
  const bounds = SHARES.map((share) => bound(stream, stream.footprintBytes * share));
  rows.push({
    policy: "bound of all policies",
    cells: bounds.map(({ hits, hitBytes }) => ({
      hitRatio: hits / stream.requests.length,
      byteHitRatio: hitBytes / bytes,
    })),
  });
  return {
    stream: stream.name,
    requests: stream.requests.length,
    objects: new Set(stream.requests).size,
    footprintBytes: stream.footprintBytes,
    budgets: SHARES,
    rows,
  };
}

const file = process.argv[2];
const streams = [
  ...(file === undefined ? [] : [await logStream(file, BODY_LIMIT_BYTES)]),
  zipfStream("Zipf 0.7", { ...ZIPF, alpha: 0.7, seed: 7 }),
  zipfStream("Zipf 0.9", { ...ZIPF, alpha: 0.9, seed: 9 }),
  zipfStream("Zipf 1.1", { ...ZIPF, alpha: 1.1, seed: 11 }),
  zipfStream("Zipf 0.9, popularity dealt anew at half time", { ...ZIPF, moves: true, alpha: 0.9, seed: 13 }),
];
const startedAtMs = performance.now();
const results = streams.map((stream) => {
  const result = study(stream);
  process.stdout.write(`${tables([result])}\n\n`);
  return result;
});
process.stdout.write(
  `${Math.round((performance.now() - startedAtMs) / 1000)} s on ${cpus()[0]?.model ?? "an unknown machine"}, ${availableParallelism()} processors\n`,
);

if (file === undefined) {
  process.stdout.write("Without an access log as argument nothing is written.\n");
} else {
  await writeFile(new URL("results/eviction.json", import.meta.url), `${JSON.stringify(results, undefined, 1)}\n`);
  const page = new URL("../docs/decisions/011-memory-eviction-and-admission.md", import.meta.url);
  const text = await readFile(page, "utf8");
  await writeFile(
    page,
    text.replace(/(<!-- results -->\n)[^]*(\n<!-- end -->)/, (_, start: string, end: string) => {
      return `${start}\n${tables(results)}\n${end}`;
    }),
  );
}
