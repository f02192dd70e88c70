// Owns the row of misses: the latency that Strata adds to a slow origin, at a modest rate, every URL new.
import type { Figure, Measured } from "../harness/results.ts";
import { busyFigures, inTurn, rawOf, type Round, rounded } from "../harness/rounds.ts";
import { median, percentile, ratios } from "../harness/statistics.ts";
import { startPeer, startStrata, type Target } from "../harness/targets.ts";
import type { OpenLoop } from "../load/jobs.ts";
import { resourcePath } from "../origin/body.ts";
import type { Scenario } from "./scenario.ts";

const PER_SECOND = 25;
const DELAY_MS = 5;
/** Strata again, with answers nobody may store. */
const UNSTORABLE = "Strata, no-store";

export const miss: Scenario = {
  title: "Miss",
  how: `1 KB of JSON from an origin that waits ${String(DELAY_MS)} ms, ${String(PER_SECOND)} requests a second at set times (an open loop: each latency counts from
when its request should have left), every URL new. The pass-through worker fetches and stores nothing; the raw Cache API worker matches,
fetches and puts. Strata writes to the Cache API and KV behind its answers. Here both are Miniflare's, in the same process, so their cost
is in Strata's figures. The row of answers that may not be stored shows Strata without them.`,
  async measure({ load, origin, isQuick, progress }) {
    progress("miss");
    const requests = isQuick ? 25 : 75;
    const targets: Target[] = [];
    try {
      for (const peer of ["pass-through", "raw-cache"] as const) {
        targets.push(await startPeer(peer, { ORIGIN: origin.url }));
      }
      const strata = await startStrata(origin.url);
      targets.push(strata, { ...strata, name: UNSTORABLE });
      await origin.asked();
      const rounds = isQuick ? 2 : 5;
      const measured = await inTurn(
        load,
        targets.map((target) => ({ target, job: (round) => jobFor(target, round, requests) })),
        rounds,
      );
      const due = targets.length * (rounds + 1) * requests;
      const asked = await origin.asked();
      if (asked !== due) throw new Error(`miss: ${String(asked)} requests at the origin where ${String(due)} are due`);
      return summarised(targets, measured);
    } finally {
      for (const target of targets.filter(({ name }) => name !== UNSTORABLE)) await target.close();
    }
  },
};

function jobFor({ name, address }: Target, round: number, requests: number): OpenLoop {
  const policy = name === UNSTORABLE ? "never" : "day";
  const path = resourcePath({ type: "json", bytes: 1024, delayMs: DELAY_MS, policy }, `miss-${String(round)}`);
  const says = name.startsWith("Strata") ? { says: "fwd=uri-miss" } : {};
  return { kind: "open-loop", address, path, perSecond: PER_SECOND, requests, ...says };
}

function summarised(targets: readonly Target[], measured: readonly (readonly Round[])[]): Measured {
  const at = (index: number, percent: number): readonly number[] =>
    (measured[index] ?? []).map(({ latenciesMs }) => percentile(latenciesMs, percent));
  const of = (name: string): number => targets.findIndex((target) => target.name === name);
  const compared = (name: string, other: string, percent: number, budget?: number) => ({
    what: `miss, p${String(percent)} latency: ${name} / ${other}`,
    unit: "" as const,
    better: "lower" as const,
    budget,
    rounds: ratios(at(of(name), percent), at(of(other), percent)),
  });
  // a round has too few requests for a percentile that high
  const pooled = (name: string, percent: number): number =>
    percentile(
      (measured[of(name)] ?? []).flatMap(({ latenciesMs }) => latenciesMs),
      percent,
    );
  return {
    comparisons: [
      compared("Strata", "pass-through worker", 50, 1.1),
      {
        what: "miss, p99 latency of all rounds: Strata / pass-through worker",
        unit: "",
        better: "lower",
        rounds: [pooled("Strata", 99) / pooled("pass-through worker", 99)],
      },
      compared(UNSTORABLE, "pass-through worker", 50),
      compared("Strata", "raw Cache API worker", 50),
    ],
    figures: targets.flatMap(({ name }, index): Figure[] => {
      const row = `miss, ${name}`;
      const rounds = measured[index] ?? [];
      const lateness = rounds.map(({ latenessMs }) => percentile(latenessMs, 99));
      return [
        { row, column: "p50", unit: "ms", value: median(at(index, 50)) },
        { row, column: "p99", unit: "ms", value: pooled(name, 99) },
        { row, column: "client late, p99", unit: "ms", value: median(lateness) },
        ...busyFigures(row, rounds),
      ];
    }),
    notes: [
      `A miss asks the Cache API and KV, one after the other, before the origin: about 1 ms each here, more than the whole budget. Strata then writes the response to both, and in
Miniflare that takes the same processor. Use \`global: false\` on a site that needs quick misses and shares little between colos. Asking both at once would cost a KV read
for every colo hit.`,
    ],
    raw: Object.fromEntries(
      targets.map(({ name }, index) => [
        name,
        rawOf(measured[index] ?? []).map((round, i) => ({
          ...round,
          p50Ms: rounded(at(index, 50)[i] ?? Number.NaN),
        })),
      ]),
    ),
  };
}
