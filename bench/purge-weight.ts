// Owns the weighing of a reader's purge records: 100,000 in the heap and in buffers. Run with `node --expose-gc`.
import type { TargetHash } from "../src/http/targets/target.ts";
import { recordTable } from "../src/purge/reader/record-table.ts";
import { chance } from "./freshness/chance.ts";

const RECORDS = 100_000;

function bytesInUse(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error("run with --expose-gc");
  gc();
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const luck = chance(1);
const word = (): string =>
  Math.floor(luck.next() * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
const before = bytesInUse();
const table = recordTable(luck.next);
for (let i = 1; i <= RECORDS; i++) {
  table.merge({
    target: (word() + word()) as TargetHash,
    prefixLength: i % 3 === 0 ? i % 60 : 0,
    hardSeq: i,
    softSeq: i,
    previousSoftSeq: 0,
    softAtMs: Date.UTC(2026, 10, 22),
  });
}
const megabytes = (bytesInUse() - before) / 2 ** 20;
const targets = table.all().map(({ target }) => target);
const startedAtMs = performance.now();
let found = 0;
for (let round = 0; round < 20; round++) for (const target of targets) if (table.marksOf(target)) found += 1;
const nanoseconds = ((performance.now() - startedAtMs) * 1e6) / (20 * targets.length);
process.stdout.write(
  `${table.all().length.toLocaleString("en")} records: ${megabytes.toFixed(1)} MB of heap and buffers; a lookup takes ${nanoseconds.toFixed(0)} ns (${found} found)\n`,
);
