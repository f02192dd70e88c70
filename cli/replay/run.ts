// Owns the course of a live replay: survey, origin, edge, requests, report, and closing everything it opened.
import { type LogOrigin, startLogOrigin } from "./log-origin.ts";
import { plannedRequests, type Survey, surveyLog } from "./log-plan.ts";
import { replay } from "./replayer.ts";
import { buildReport, type Report } from "./report.ts";
import { createTally } from "./tally.ts";

export interface ReplayRun {
  readonly file: string;
  /** How many requests to take from the log's start; Infinity for all. */
  readonly limit: number;
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  readonly startEdge: (origin: string) => Promise<Edge>;
  readonly progress: Progress;
}

export interface Edge {
  readonly url: string;
  close(): Promise<void>;
}

export interface Progress {
  start(requests: number): void;
  step(): void;
  stop(): void;
}

export type ReplayOutcome =
  | { readonly kind: "report"; readonly report: Report }
  | { readonly kind: "unreadable"; readonly problem: string }
  | { readonly kind: "no-edge"; readonly problem: string };

export async function runReplay(run: ReplayRun): Promise<ReplayOutcome> {
  const survey = await surveyLog(run.file, run.limit);
  if (survey.kind === "unreadable") return survey;
  const origin = await startLogOrigin(survey.catalogue);
  try {
    const edge = await run
      .startEdge(origin.url)
      .catch((cause: unknown) => new Error("the edge did not start", { cause }));
    if (edge instanceof Error) return { kind: "no-edge", problem: `${edge.message}: ${messageOf(edge.cause)}` };
    try {
      return { kind: "report", report: await replayThrough(edge.url, survey, origin, run) };
    } finally {
      await edge.close();
    }
  } finally {
    await origin.close();
  }
}

async function replayThrough(edge: string, survey: Survey, origin: LogOrigin, run: ReplayRun): Promise<Report> {
  const { catalogue } = survey;
  const { concurrency, signal, progress } = run;
  const tally = createTally();
  const startedMs = run.nowMs();
  progress.start(survey.requests);
  try {
    const end = await replay(plannedRequests(run.file, run.limit, catalogue), {
      edge,
      catalogue,
      concurrency,
      signal,
      onResult(result) {
        tally.add(result);
        progress.step();
      },
    });
    const durationMs = run.nowMs() - startedMs;
    return buildReport({ survey, tally: tally.result(), origin: origin.counts(), end, durationMs, concurrency });
  } finally {
    progress.stop();
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** 0 complete and intact, 1 mismatches, failures or given up, 130 interrupted. */
export function exitCodeOf({ end, mismatches, failures }: Report): number {
  switch (end.kind) {
    case "interrupted":
      return 130;
    case "gave-up":
      return 1;
    case "complete":
      return mismatches.count + failures.count === 0 ? 0 : 1;
  }
}
