// Owns the row of purge freshness: waiting requests and load on the log, simulated; and a cold isolate before a full log, for real.
import { startEdges } from "../../cli/dev/edges.ts";
import { targetHash } from "../../src/http/targets/target.ts";
import { NO_FLOOR } from "../../src/purge/wire/records.ts";
import { encodeDelta } from "../../src/purge/wire/delta-codec.ts";
import { measureVisible } from "../freshness/visible.ts";
import { type LoadRow, monthlyCost, RATES, studied } from "../freshness/study.ts";
import type { Figure } from "../harness/results.ts";
import { median } from "../harness/statistics.ts";
import { fileInBench } from "../harness/targets.ts";
import { resourcePath } from "../origin/body.ts";
import type { Scenario, Setting } from "./scenario.ts";

const TOKEN = "bench-token";
const TAGS_PER_PURGE = 1000;

export const freshness: Scenario = {
  title: "Purge freshness",
  how: `Hits: the worker's own replica and colo copy on a virtual clock, 10,000 isolates in 300 colos, 20 to 250 ms from the log, \`maxLag\` one second,
Poisson traffic; a hit either answers at once or waits for the Cache API, or for the log. Cold isolates: real edges in front of a log with
100,000 purged tags; the time from the request to its first answer, the origin's included. Purges: three real edges have an object, and one of them takes its purge. The first
request there must be no hit, nor may any request to the others that is sent later than \`maxLag\` after the purge's response.`,
  async measure(setting) {
    const rows: LoadRow[] = [];
    for (const requestsPerSecond of RATES) {
      setting.progress(`${String(requestsPerSecond)} requests a second per isolate`);
      const few = setting.isQuick ? { colos: 30, isolates: 300 } : {};
      const seconds = setting.isQuick ? 4 : Math.min(30, Math.ceil(30 / requestsPerSecond));
      rows.push(await studied(`${requestsPerSecond} requests/s per isolate`, { requestsPerSecond, seconds, ...few }));
    }
    const cold = await measureCold(setting, setting.isQuick ? 10_000 : 100_000);
    setting.progress("purges, until all edges obey");
    const visible = await measureVisible(setting.origin.url, setting.isQuick ? 100 : 1000);
    return {
      comparisons: [
        visible.comparison,
        {
          what: "purge log, worst second of questions, 300 colos",
          unit: "requests",
          better: "lower",
          budget: 1000,
          rounds: rows.map(({ worst, worstCold }) => Math.max(worst, worstCold)),
        },
        {
          what: "snapshot of 100,000 purge records",
          unit: "MB",
          better: "lower",
          budget: 2,
          rounds: [cold.megabytes],
        },
      ],
      figures: [...rows.flatMap(figuresOf), ...cold.figures, ...visible.figures],
      notes: [],
      raw: { rows, cold, visible: visible.raw },
    };
  },
};

function figuresOf(row: LoadRow): readonly Figure[] {
  const figure = (column: string, unit: Figure["unit"], value: number): Figure => ({
    row: row.name,
    column,
    unit,
    value,
  });
  const { requests, duration } = monthlyCost(row.mean);
  return [
    figure("hits that waited", "%", 100 * row.waited),
    figure("for longer than the Cache API", "%", 100 * row.waitedForLog),
    figure("waited, median", "ms", row.medianMs),
    figure("waited, p99", "ms", row.p99Ms),
    figure("questions to the log", "/s", row.mean),
    figure("Durable Object, $ a month", "", requests + duration),
  ];
}

async function measureCold({ origin, isQuick, progress }: Setting, records: number) {
  const edges = await startEdges({
    count: 3,
    port: 0,
    origin: origin.url,
    token: TOKEN,
    config: fileInBench("sites/empty.ts"),
  });
  let asked = 0;
  const firstAnswerMs = async (edge: number): Promise<number> => {
    asked += 1;
    const path = resourcePath({ type: "json", bytes: 1024, delayMs: 0, policy: "day" }, `cold-${asked}`);
    const startedAtMs = performance.now();
    const answer = await fetch(`${edges.urls[edge] ?? ""}${path}`);
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`a cold edge answered ${answer.status}`);
    return performance.now() - startedAtMs;
  };
  try {
    const empty = await firstAnswerMs(0);
    for (let done = 0; done < records; done += TAGS_PER_PURGE) await purge(edges.urls[0] ?? "", done);
    progress("cold isolates");
    const whole = await firstAnswerMs(1);
    const copied: number[] = [];
    for (let round = 0; round < (isQuick ? 1 : 5); round++) {
      await edges.restart();
      copied.push(await firstAnswerMs(1));
    }
    const megabytes = wireBytes(records) / 1e6;
    const row = (name: string, value: number): Figure => ({ row: name, column: "first answer", unit: "ms", value });
    const figures: readonly Figure[] = [
      row("cold isolate, the log is empty", empty),
      row(`cold isolate and colo, ${records.toLocaleString("en")} records: all from the log`, whole),
      row(`cold isolate, ${records.toLocaleString("en")} records in the colo's copy`, median(copied)),
      { row: `${records.toLocaleString("en")} records`, column: "on the wire", unit: "MB", value: megabytes },
    ];
    return { figures, megabytes };
  } finally {
    await edges.close();
  }
}

async function purge(url: string, from: number): Promise<void> {
  const tags = Array.from({ length: TAGS_PER_PURGE }, (_, i) => `product:${from + i}`);
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${url}/.strata/purge`, { method: "POST", headers, body: JSON.stringify({ tags }) });
  const text = await answer.text();
  if (answer.status !== 200)
    throw new Error(`a purge of ${TAGS_PER_PURGE} tags was answered ${answer.status}: ${text}`);
}

function wireBytes(count: number): number {
  const records = Array.from({ length: count }, (_, i) => ({
    target: targetHash({ kind: "tag", value: `product:${i}` }),
    prefixLength: 0,
    hardSeq: 1 + Math.floor(i / TAGS_PER_PURGE),
    softSeq: 0,
    previousSoftSeq: 0,
    softAtMs: 0,
  }));
  return encodeDelta({ incarnation: crypto.randomUUID(), seq: count, from: 0, floor: NO_FLOOR, records, browsers: [] })
    .length;
}
