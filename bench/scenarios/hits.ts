// Owns the common part of the rows of hits: an object lies where it must be found, then every peer serves it as fast as it can.
import type { Comparison } from "../harness/judge.ts";
import type { Figure } from "../harness/results.ts";
import { busyFigures, inTurn, perSecond, rawOf, type Round } from "../harness/rounds.ts";
import { median, ratios } from "../harness/statistics.ts";
import type { Target } from "../harness/targets.ts";
import type { ClosedLoop } from "../load/jobs.ts";
import type { Setting } from "./scenario.ts";

const ROUNDS = 7;
/** Long enough for hundreds of the slowest, short enough that a machine seldom changes within. */
const ROUND_MS = 700;
const QUICK_ROUND_MS = 150;

export interface Hits {
  readonly label: string;
  readonly path: string;
  readonly connections: number;
  /** Lines of each request beside Host, each with its end. */
  readonly fields?: string | undefined;
  /** In Strata's Cache-Status, in every answer. */
  readonly says: string;
  readonly contenders: readonly Target[];
  /** Name of a contender -> the budget of Strata's ratio to it. */
  readonly against: Readonly<Record<string, number | undefined>>;
}

export interface HitsMeasured {
  readonly comparisons: readonly Comparison[];
  readonly figures: readonly Figure[];
  readonly raw: Readonly<Record<string, unknown>>;
}

export async function measureHits({ load, origin, isQuick, progress }: Setting, hits: Hits): Promise<HitsMeasured> {
  const { label, path, connections, fields = "", contenders, against } = hits;
  progress(label);
  for (const target of contenders) await settle(target, path);
  const jobs = contenders.map((target): ClosedLoop => {
    const says = target.name === "Strata" ? { says: hits.says } : {};
    return {
      kind: "closed-loop",
      address: target.address,
      path,
      fields,
      connections,
      until: { elapsedMs: isQuick ? QUICK_ROUND_MS : ROUND_MS },
      ...says,
    };
  });
  await origin.asked();
  const measured = await inTurn(
    load,
    contenders.map((target, index) => ({ target, job: () => present(jobs[index]) })),
    isQuick ? 2 : ROUNDS,
  );
  const asked = await origin.asked();
  if (asked !== 0) throw new Error(`${label}: ${String(asked)} of the requests were no hits`);
  return summarised(hits, measured, against);
}

function summarised(hits: Hits, measured: readonly (readonly Round[])[], against: Hits["against"]): HitsMeasured {
  const { label, contenders } = hits;
  const rates = new Map(contenders.map((target, index) => [target.name, (measured[index] ?? []).map(perSecond)]));
  const strata = rates.get("Strata") ?? [];
  return {
    comparisons: Object.entries(against).map(([name, budget]) => ({
      what: `${label}: Strata / ${name}`,
      unit: "",
      better: "higher",
      budget,
      rounds: ratios(strata, rates.get(name) ?? []),
    })),
    figures: contenders.flatMap(({ name }, index): Figure[] => {
      const row = `${label}, ${name}`;
      const rounds = measured[index] ?? [];
      const rate = rates.get(name) ?? [];
      return [
        { row, column: "median", unit: "/s", value: median(rate) },
        { row, column: "worst round", unit: "/s", value: Math.min(...rate) },
        ...busyFigures(row, rounds),
      ];
    }),
    raw: { [label]: Object.fromEntries(contenders.map(({ name }, index) => [name, rawOf(measured[index] ?? [])])) },
  };
}

/** Asks until the object has come to rest: a second answer may still bring it nearer. */
async function settle({ url }: Target, path: string): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const response = await fetch(url + path);
    await response.arrayBuffer();
    // stores go on behind the answer
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("a contender without a job");
  return value;
}
