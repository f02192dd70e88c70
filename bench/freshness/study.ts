// Owns the study of what purge freshness costs: the worlds it looks at, and the figures that are kept of each.
import { observe, type Observed, type WorldOptions } from "./world.ts";

export interface LoadRow {
  readonly name: string;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  readonly requests: number;
  /** Questions to the log, a second. */
  readonly mean: number;
  readonly worst: number;
  /** The worst second when every isolate and every copy was cold at once. */
  readonly worstCold: number;
  /** Shares of the requests. */
  readonly waited: number;
  readonly waitedForLog: number;
  readonly unknown: number;
  readonly broken: number;
  /** Of the requests that waited, milliseconds. */
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  readonly shelfReadsPerSecond: number;
}

/** Longer than the Cache API alone takes, a slow answer of it apart. */
const CACHE_MS = 15;

const WORLD: Omit<WorldOptions, "requestsPerSecond" | "seconds" | "seed"> = {
  colos: 300,
  isolates: 10_000,
  maxLagMs: 1000,
  purgesPerSecond: 2,
  warmUpSeconds: 5,
  copies: "one",
  spread: "even",
};

export const RATES = [0.1, 1, 10] as const;

type World = Partial<WorldOptions> & Pick<WorldOptions, "requestsPerSecond" | "seconds">;

export const WORLDS: readonly (readonly [string, World])[] = [
  ["0.1 requests/s per isolate", { requestsPerSecond: 0.1, seconds: 60 }],
  ["1 request/s", { requestsPerSecond: 1, seconds: 20 }],
  ["10 requests/s", { requestsPerSecond: 10, seconds: 10 }],
  ["1 request/s, few colos have most isolates", { requestsPerSecond: 1, seconds: 20, spread: "skewed" }],
  ["1 request/s, bound 5 s", { requestsPerSecond: 1, seconds: 20, maxLagMs: 5000, warmUpSeconds: 10 }],
  ["10 requests/s, the log refuses", { requestsPerSecond: 10, seconds: 10, down: "refuses" }],
  ["10 requests/s, the log hangs", { requestsPerSecond: 10, seconds: 10, down: "hangs" }],
  ["1 request/s, no copies: each isolate asks", { requestsPerSecond: 1, seconds: 10, copies: "none" }],
];

export async function studied(name: string, world: World): Promise<LoadRow> {
  const options: WorldOptions = { ...WORLD, seed: 1, ...world };
  return rowOf(name, options, await observe(options));
}

function rowOf(name: string, { requestsPerSecond, seconds, warmUpSeconds }: WorldOptions, seen: Observed): LoadRow {
  const { requests, waitsMs, questions } = seen;
  const at = (share: number): number => waitsMs[Math.min(waitsMs.length - 1, Math.floor(waitsMs.length * share))] ?? 0;
  return {
    name,
    requestsPerSecond,
    seconds,
    requests,
    mean: questions.reduce((sum, count) => sum + count, 0) / questions.length,
    worst: Math.max(...questions),
    worstCold: Math.max(...seen.warmUpQuestions),
    waited: waitsMs.length / requests,
    waitedForLog: waitsMs.filter((ms) => ms > CACHE_MS).length / requests,
    unknown: seen.unknown / requests,
    broken: seen.broken,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    longestMs: at(1),
    shelfReadsPerSecond: seen.shelfReads / (seconds + warmUpSeconds),
  };
}

const MONTH_SECONDS = 30 * 86_400;

/** At the vendor's list prices, a month of this load, US dollars. */
export function monthlyCost(questionsPerSecond: number): { readonly requests: number; readonly duration: number } {
  const millions = (questionsPerSecond * MONTH_SECONDS) / 1e6;
  // one object, awake all month, of 128 MB
  const gigabyteSeconds = 0.128 * MONTH_SECONDS;
  return {
    requests: Math.max(0, millions - 1) * 0.15,
    duration: (Math.max(0, gigabyteSeconds - 400_000) / 1e6) * 12.5,
  };
}
