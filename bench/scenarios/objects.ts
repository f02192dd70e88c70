// Owns the row of very many objects: more than memory holds are offered, and memory must stay within its budget.
import { memoryOf, resetPeak } from "../harness/process.ts";
import { rounded } from "../harness/rounds.ts";
import { startStrataAlone, type Target } from "../harness/targets.ts";
import { resourcePath } from "../origin/body.ts";
import type { Scenario, Setting } from "./scenario.ts";

const OBJECTS = 200_000;
const BODY_BYTES = 256;
/** How many are asked for again, to see what memory still holds. */
const SAMPLE = 1000;

export const objects: Scenario = {
  title: "Memory with very many objects",
  how: `${OBJECTS.toLocaleString("en")} distinct URLs of ${String(BODY_BYTES)} bytes are asked for once, on 32 connections. The worker is Strata's own with the default budget
of 32 MB, over an empty Cache API and an origin inside the isolate, so that its memory is measured and not that of Miniflare's storage. How many
objects memory holds is counted afterwards with \`only-if-cached\` on ${SAMPLE.toLocaleString("en")} of them, evenly spread.`,
  async measure(setting) {
    setting.progress("objects");
    const target = await startStrataAlone();
    try {
      const offered = await offer(setting, target);
      const { objects: count, elapsedMs, held, before, after } = offered;
      const row = "Strata";
      const inMb = (bytes: number | undefined): number | null => (bytes === undefined ? null : bytes / 2 ** 20);
      const gained = before && after ? [(after.peakBytes - before.residentBytes) / 2 ** 20] : [];
      return {
        comparisons:
          gained.length === 0
            ? []
            : [
                {
                  what: `${count.toLocaleString("en")} objects: resident memory gained, MB`,
                  unit: "MB",
                  better: "lower",
                  // the process: what the collector has not taken yet is in it, and the runtime
                  budget: undefined,
                  rounds: gained,
                },
              ],
        figures: [
          { row, column: "offered", unit: "", value: count },
          { row, column: "held by memory, about", unit: "", value: held },
          { row, column: "rate", unit: "/s", value: (count * 1000) / elapsedMs },
          { row, column: "memory before", unit: "MB", value: inMb(before?.residentBytes) },
          { row, column: "memory after", unit: "MB", value: inMb(after?.residentBytes) },
          { row, column: "memory peak", unit: "MB", value: inMb(after?.peakBytes) },
        ],
        notes: [
          `The platform's limit of 128 MB is the isolate's; resident memory is the process's, with what no collection has taken yet. What the isolate holds
after a collection is measured by \`node bench/memory-weight.ts\`, in docs/decisions/011: within the budget of 32 MB.`,
        ],
        raw: offered,
      };
    } finally {
      await target.close();
    }
  },
};

async function offer({ load, isQuick }: Setting, { address, pid, url }: Target) {
  const requests = isQuick ? OBJECTS / 10 : OBJECTS;
  const path = resourcePath({ type: "json", bytes: BODY_BYTES, delayMs: 0, policy: "day" }, "object");
  for (let i = 0; i < 20; i++) await (await fetch(`${url}${path}-warm-${String(i)}`)).arrayBuffer();
  const before = await memoryOf(pid);
  await resetPeak(pid);
  const { elapsedMs } = await load.run({
    kind: "closed-loop",
    address,
    path,
    connections: 32,
    until: { requests },
    isEachNew: true,
  });
  const after = await memoryOf(pid);
  const held = await share(`${url}${path}`, requests);
  return { objects: requests, elapsedMs: rounded(elapsedMs), held: Math.round(held * requests), before, after };
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
