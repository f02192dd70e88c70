// Owns the row of stampedes: very many ask at once for what nobody has yet.
import type { Comparison } from "../harness/judge.ts";
import { memoryOf, resetPeak } from "../harness/process.ts";
import type { Figure } from "../harness/results.ts";
import { rounded } from "../harness/rounds.ts";
import { median } from "../harness/statistics.ts";
import { startPeer, startStrata, type Target } from "../harness/targets.ts";
import { resourcePath } from "../origin/body.ts";
import type { Scenario, Setting } from "./scenario.ts";

interface Case {
  readonly label: string;
  readonly bytes: number;
  readonly connections: number;
  readonly rounds: number;
  readonly contenders: readonly ("pass-through" | "raw-cache" | "Strata")[];
}

const ALL = ["pass-through", "raw-cache", "Strata"] as const;
const CASES: readonly Case[] = [
  { label: "1,000 at once, 1 KB", bytes: 1024, connections: 1000, rounds: 3, contenders: ALL },
  { label: "1,000 at once, 1 MB", bytes: 2 ** 20, connections: 1000, rounds: 3, contenders: ALL },
  { label: "50 at once, 20 MB", bytes: 20 * 2 ** 20, connections: 50, rounds: 3, contenders: ALL },
  // the raw Cache API worker would put 20 GB
  {
    label: "1,000 at once, 20 MB",
    bytes: 20 * 2 ** 20,
    connections: 1000,
    rounds: 1,
    contenders: ["pass-through", "Strata"],
  },
];

interface Stampede {
  readonly originRequests: number;
  readonly lastMs: number;
  readonly medianMs: number;
  readonly beforeBytes: number | undefined;
  readonly peakBytes: number | undefined;
}

export const stampede: Scenario = {
  title: "Stampede",
  how: `Open connections all request one cold URL in the same moment; the origin waits 50 ms. Every byte of every answer is
compared with the expected one. A workerd of its own for each size, and a new URL each round. Memory is the resident memory of that workerd (with
Miniflare's own cache in it), before the first round and at its peak in any. 1,000 times 20 MB runs one round, without
the raw Cache API worker, which would put each of them.`,
  async measure(setting) {
    const comparisons: Comparison[] = [];
    const figures: Figure[] = [];
    const raw: Record<string, unknown> = {};
    for (const each of CASES) {
      const rounds = setting.isQuick ? 1 : each.rounds;
      for (const name of each.contenders) {
        setting.progress(`${each.label}, ${name}`);
        const target =
          name === "Strata"
            ? await startStrata(setting.origin.url)
            : await startPeer(name, { ORIGIN: setting.origin.url });
        try {
          const measured = await measureTarget(setting, target, each, rounds);
          figures.push(...figuresOf(`${each.label}, ${target.name}`, measured));
          raw[`${each.label}, ${target.name}`] = measured;
          if (name === "Strata") comparisons.push(comparisonOf(each, measured));
        } finally {
          await target.close();
        }
      }
    }
    return { comparisons, figures, notes: [], raw };
  },
};

async function measureTarget(
  { load, origin }: Setting,
  target: Target,
  { bytes, connections }: Case,
  rounds: number,
): Promise<readonly Stampede[]> {
  const measured: Stampede[] = [];
  // the runtime itself is warm, the URL is not
  for (let i = 0; i < 20; i++) await (await fetch(target.url + pathOf(1024, `warm-${String(i)}`))).arrayBuffer();
  for (let round = 0; round < rounds; round++) {
    await origin.asked();
    const before = await memoryOf(target.pid);
    await resetPeak(target.pid);
    const path = pathOf(bytes, `stampede-${String(round)}`);
    const result = await load.run({ kind: "burst", address: target.address, path, connections });
    const after = await memoryOf(target.pid);
    measured.push({
      originRequests: await origin.asked(),
      lastMs: rounded(result.elapsedMs),
      medianMs: rounded(median(result.latenciesMs)),
      beforeBytes: before?.residentBytes,
      peakBytes: after?.peakBytes,
    });
  }
  return measured;
}

function pathOf(bytes: number, name: string): string {
  return resourcePath({ type: bytes > 2 ** 20 ? "bin" : "json", bytes, delayMs: 50, policy: "day" }, name);
}

function comparisonOf({ label }: Case, rounds: readonly Stampede[]): Comparison {
  return {
    what: `${label}: origin requests`,
    unit: "requests",
    better: "lower",
    budget: 1,
    rounds: rounds.map(({ originRequests }) => originRequests),
  };
}

function figuresOf(row: string, rounds: readonly Stampede[]): readonly Figure[] {
  const megabytes = (bytes: number | undefined): number | null => (bytes === undefined ? null : bytes / 2 ** 20);
  const peaks = rounds.flatMap(({ peakBytes }) => peakBytes ?? []);
  const originRequests = rounds.map((round) => round.originRequests);
  return [
    { row, column: "origin requests, median", unit: "", value: median(originRequests) },
    { row, column: "worst round", unit: "", value: Math.max(...originRequests) },
    { row, column: "last answer", unit: "ms", value: median(rounds.map(({ lastMs }) => lastMs)) },
    { row, column: "memory before", unit: "MB", value: megabytes(rounds[0]?.beforeBytes) },
    { row, column: "memory peak", unit: "MB", value: megabytes(peaks.length === 0 ? undefined : Math.max(...peaks)) },
  ];
}
