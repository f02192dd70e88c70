// Owns the row of large bodies: time and memory of a miss of many megabytes.
import type { Comparison } from "../harness/judge.ts";
import { memoryOf, resetPeak } from "../harness/process.ts";
import type { Figure } from "../harness/results.ts";
import { rounded } from "../harness/rounds.ts";
import { median, ratios } from "../harness/statistics.ts";
import { startPeer, startStrata, type Target } from "../harness/targets.ts";
import { resourcePath } from "../origin/body.ts";
import type { Scenario, Setting } from "./scenario.ts";

interface Case {
  readonly label: string;
  readonly megabytes: number;
  readonly policy: "day" | "never";
  readonly rounds: number;
}

const CASES: readonly Case[] = [
  { label: "8 MB", megabytes: 8, policy: "day", rounds: 3 },
  { label: "64 MB", megabytes: 64, policy: "day", rounds: 3 },
  { label: "500 MB", megabytes: 500, policy: "day", rounds: 2 },
  { label: "500 MB, no-store", megabytes: 500, policy: "never", rounds: 2 },
];

interface Transfer {
  readonly totalMs: number;
  readonly firstByteMs: number;
  readonly beforeBytes: number | undefined;
  readonly peakBytes: number | undefined;
}

export const large: Scenario = {
  title: "Large body",
  how: `One client reads one large, cold body as fast as it comes; the origin makes it while the client reads. Each size passes in turn through the
pass-through worker and through Strata, a new URL each time, each in a workerd of its own that is new for the size. Memory is resident memory
of that workerd; Strata's has Miniflare's Cache API in it, into which the body goes.`,
  async measure(setting) {
    const comparisons: Comparison[] = [];
    const figures: Figure[] = [];
    const raw: Record<string, unknown> = {};
    for (const each of CASES) {
      if (setting.isQuick && each.megabytes > 100) continue;
      setting.progress(each.label);
      const targets: Target[] = [];
      try {
        targets.push(await startPeer("pass-through", { ORIGIN: setting.origin.url }));
        targets.push(await startStrata(setting.origin.url));
        const measured = await transfers(setting, targets, each);
        const [plain = [], strata = []] = measured;
        comparisons.push(...compared(each, plain, strata));
        for (const [index, target] of targets.entries()) {
          figures.push(...figuresOf(`${each.label}, ${target.name}`, measured[index] ?? []));
          raw[`${each.label}, ${target.name}`] = measured[index];
        }
      } finally {
        for (const target of targets) await target.close();
      }
    }
    return { comparisons, figures, notes: [], raw };
  },
};

/** In turn; the first of each, 1 MB, is not kept. */
async function transfers(
  setting: Setting,
  targets: readonly Target[],
  { megabytes, policy, rounds }: Case,
): Promise<readonly (readonly Transfer[])[]> {
  const kept: Transfer[][] = targets.map(() => []);
  for (const target of targets) await transfer(setting, target, 1, policy, "warm");
  for (let round = 0; round < (setting.isQuick ? 1 : rounds); round++) {
    for (const [index, target] of targets.entries()) {
      kept[index]?.push(await transfer(setting, target, megabytes, policy, `round-${String(round)}`));
    }
  }
  return kept;
}

async function transfer(
  { load }: Setting,
  { address, pid }: Target,
  megabytes: number,
  policy: Case["policy"],
  name: string,
): Promise<Transfer> {
  const path = resourcePath({ type: "bin", bytes: megabytes * 2 ** 20, delayMs: 0, policy }, name);
  const before = await memoryOf(pid);
  await resetPeak(pid);
  const { elapsedMs, firstHeadMs } = await load.run({ kind: "burst", address, path, connections: 1 });
  const after = await memoryOf(pid);
  return {
    totalMs: rounded(elapsedMs),
    firstByteMs: rounded(firstHeadMs),
    beforeBytes: before?.residentBytes,
    peakBytes: after?.peakBytes,
  };
}

function compared({ label }: Case, plain: readonly Transfer[], strata: readonly Transfer[]): readonly Comparison[] {
  const times = (rounds: readonly Transfer[]): readonly number[] => rounds.map(({ totalMs }) => totalMs);
  return [
    {
      what: `${label}, time of a miss: Strata / pass-through worker`,
      unit: "",
      better: "lower",
      rounds: ratios(times(strata), times(plain)),
    },
  ];
}

function figuresOf(row: string, rounds: readonly Transfer[]): readonly Figure[] {
  const megabytes = (bytes: number | undefined): number | null => (bytes === undefined ? null : bytes / 2 ** 20);
  const peaks = rounds.flatMap(({ peakBytes }) => peakBytes ?? []);
  return [
    { row, column: "first byte", unit: "ms", value: median(rounds.map(({ firstByteMs }) => firstByteMs)) },
    { row, column: "whole", unit: "ms", value: median(rounds.map(({ totalMs }) => totalMs)) },
    { row, column: "memory before", unit: "MB", value: megabytes(rounds[0]?.beforeBytes) },
    { row, column: "memory peak", unit: "MB", value: megabytes(peaks.length === 0 ? undefined : Math.max(...peaks)) },
  ];
}
