// Owns the row of very many objects: more than memory holds are offered, and memory must stay within its budget.
import type { Comparison } from "../harness/judge.ts";
import { memoryOf, resetPeak } from "../harness/process.ts";
import type { Measured } from "../harness/results.ts";
import { rounded } from "../harness/rounds.ts";
import { type Alone, startStrataAlone } from "../harness/targets.ts";
import { resourcePath } from "../origin/body.ts";
import type { Scenario, Setting } from "./scenario.ts";

const OBJECTS = 200_000;
const BODY_BYTES = 256;
/** How many are asked for again, to see what memory still holds. */
const SAMPLE = 1000;

/** Of answers that leave nothing in memory, so that code and tables are there before anything is measured. */
const WARM_UP = 5000;
/** The platform's limit of an isolate. */
const ISOLATE_MB = 128;

export const objects: Scenario = {
  title: "Memory with very many objects",
  how: `${OBJECTS.toLocaleString("en")} distinct URLs of ${String(BODY_BYTES)} bytes are requested once, on 32 connections. The worker is Strata's own with the default budget
of 32 MB, over an empty Cache API and an origin inside the isolate, so that its memory is measured and not that of Miniflare's storage. V8 may
take ${String(ISOLATE_MB)} MB, the platform's limit of an isolate, and ends the run if that is not enough. The heap is that of the isolate after a
collection, by its inspector: objects, buffers and the runtime's own. Resident memory is the process's. How many objects memory holds is counted
afterwards with \`only-if-cached\` on ${SAMPLE.toLocaleString("en")} of them, evenly spread.`,
  async measure(setting) {
    setting.progress("objects");
    const target = await startStrataAlone();
    try {
      return measured(await offer(setting, target));
    } finally {
      await target.close();
    }
  },
};

type Offered = Awaited<ReturnType<typeof offer>>;

function measured(offered: Offered): Measured {
  const { objects: count, elapsedMs, held, before, after, heapBefore, heapAfter } = offered;
  const row = "Strata";
  const inMb = (bytes: number | undefined): number | null => (bytes === undefined ? null : bytes / 2 ** 20);
  const what = `${count.toLocaleString("en")} objects`;
  const heap: Comparison = {
    what: `${what}: heap of the isolate, MB`,
    unit: "MB",
    better: "lower",
    budget: ISOLATE_MB,
    rounds: [heapAfter / 2 ** 20],
  };
  // the process: garbage that is not collected yet is in it, and the runtime
  const resident: Comparison | undefined = before &&
    after && {
      what: `${what}: resident memory gained, MB`,
      unit: "MB",
      better: "lower",
      rounds: [(after.peakBytes - before.residentBytes) / 2 ** 20],
    };
  return {
    comparisons: resident ? [heap, resident] : [heap],
    figures: [
      { row, column: "offered", unit: "", value: count },
      { row, column: "held by memory, about", unit: "", value: held },
      { row, column: "rate", unit: "/s", value: (count * 1000) / elapsedMs },
      { row, column: "heap before", unit: "MB", value: inMb(heapBefore) },
      { row, column: "heap after", unit: "MB", value: inMb(heapAfter) },
      { row, column: "resident before", unit: "MB", value: inMb(before?.residentBytes) },
      { row, column: "resident after", unit: "MB", value: inMb(after?.residentBytes) },
      { row, column: "resident peak", unit: "MB", value: inMb(after?.peakBytes) },
    ],
    notes: [
      `The heap grew by the objects in memory. The tier counts them up to its budget of 32 MB, and decision 011 compares that count with the heap
for entries of many kinds. The rest of the resident memory is garbage: without a limit V8 lets it grow to some 300 MB before it collects.`,
    ],
    raw: offered,
  };
}

async function offer({ load, isQuick }: Setting, { address, pid, url, heapBytes }: Alone) {
  const requests = isQuick ? OBJECTS / 10 : OBJECTS;
  const path = resourcePath({ type: "json", bytes: BODY_BYTES, delayMs: 0, policy: "day" }, "object");
  const passing = resourcePath({ type: "json", bytes: BODY_BYTES, delayMs: 0, policy: "never" }, "warm");
  const each = { kind: "closed-loop", address, connections: 32, isEachNew: true } as const;
  await load.run({ ...each, path: passing, until: { requests: WARM_UP } });
  const heapBefore = await heapBytes();
  const before = await memoryOf(pid);
  await resetPeak(pid);
  const { elapsedMs } = await load.run({ ...each, path, until: { requests } });
  const after = await memoryOf(pid);
  const heapAfter = await heapBytes();
  const held = Math.round((await share(`${url}${path}`, requests)) * requests);
  return { objects: requests, elapsedMs: rounded(elapsedMs), held, before, after, heapBefore, heapAfter };
}

/** Of objects offered, the share that memory has. Asking so fills nothing. */
async function share(prefix: string, count: number): Promise<number> {
  let hits = 0;
  for (let i = 0; i < SAMPLE; i++) {
    const url = `${prefix}-${String(Math.floor((i * count) / SAMPLE))}`;
    const response = await fetch(url, { headers: { "cache-control": "only-if-cached" } });
    await response.arrayBuffer();
    if (response.headers.get("cache-status")?.includes("detail=fresh/memory")) hits += 1;
  }
  return hits / SAMPLE;
}
