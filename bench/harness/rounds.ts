// Owns the rounds: every contender asked in turn, so that a machine that slows down slows them all; the order turns around each time.
import type { Job } from "../load/jobs.ts";
import type { Load, Loaded } from "../load/load.ts";
import { cpuMsOf } from "./process.ts";
import type { Figure } from "./results.ts";
import { median } from "./statistics.ts";
import type { Target } from "./targets.ts";

export interface Contender {
  readonly target: Target;
  /** The requests of a round. */
  readonly job: (round: number) => Job;
}

export interface Round extends Loaded {
  /** Share of one processor that the client's thread took, and the target's process. */
  readonly clientBusy: number;
  readonly serverBusy: number | undefined;
  /** Processor time of the target's process, for each answer; that of other processes does not count. */
  readonly serverMsPerAnswer: number | undefined;
}

/** By the contenders' order, their rounds. Nothing of the warm-up is kept. */
export async function inTurn(
  load: Load,
  contenders: readonly Contender[],
  rounds: number,
  warmUps = 1,
): Promise<readonly (readonly Round[])[]> {
  const kept: Round[][] = contenders.map(() => []);
  for (let round = -warmUps; round < rounds; round++) {
    const order = contenders.map((contender, index) => ({ contender, index }));
    for (const { contender, index } of round % 2 === 0 ? order : order.toReversed()) {
      // never two at once
      const measured = await once(load, contender, round);
      if (round >= 0) kept[index]?.push(measured);
    }
  }
  return kept;
}

async function once(load: Load, { target, job }: Contender, round: number): Promise<Round> {
  const before = await cpuMsOf(target.pid);
  const loaded = await load.run(job(round));
  const after = await cpuMsOf(target.pid);
  const serverMs = before === undefined || after === undefined ? undefined : after - before;
  return {
    ...loaded,
    clientBusy: loaded.clientCpuMs / loaded.elapsedMs,
    serverBusy: serverMs === undefined ? undefined : serverMs / loaded.elapsedMs,
    serverMsPerAnswer: serverMs === undefined ? undefined : serverMs / loaded.answered,
  };
}

export function perSecond({ answered, elapsedMs }: Round): number {
  return answered / (elapsedMs / 1000);
}

/** How busy both ends were, in the middle of all rounds. */
export function busyFigures(row: string, rounds: readonly Round[]): readonly Figure[] {
  const server = rounds.flatMap(({ serverBusy }) => serverBusy ?? []);
  const each = rounds.flatMap(({ serverMsPerAnswer }) => serverMsPerAnswer ?? []);
  return [
    { row, column: "client busy", unit: "%", value: 100 * median(rounds.map(({ clientBusy }) => clientBusy)) },
    { row, column: "server busy", unit: "%", value: server.length === 0 ? null : 100 * median(server) },
    { row, column: "server time per answer", unit: "µs", value: each.length === 0 ? null : 1000 * median(each) },
  ];
}

/** Without what would fill the file: thousands of single latencies. */
export function rawOf(rounds: readonly Round[]): readonly object[] {
  return rounds.map(({ elapsedMs, answered, firstHeadMs, clientBusy, serverBusy, serverMsPerAnswer }) => ({
    elapsedMs: rounded(elapsedMs),
    answered,
    ...(firstHeadMs === 0 ? {} : { firstHeadMs: rounded(firstHeadMs) }),
    clientBusy: rounded(clientBusy),
    ...(serverBusy === undefined ? {} : { serverBusy: rounded(serverBusy) }),
    ...(serverMsPerAnswer === undefined ? {} : { serverMsPerAnswer: rounded(serverMsPerAnswer) }),
  }));
}

export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
