// Owns the two passes over a log: the survey that learns what its origin serves, and the requests to send, in the log's order.
import { basename } from "node:path";
import type { LogEntry } from "./access-log.ts";
import { type LogProblem, readAccessLog } from "./log-reader.ts";
import { type ReplayRequest, readRequestLine } from "./request-line.ts";
import { type Catalogue, createCatalogue, type Resource } from "./resources.ts";

export type SkipReason = "junk" | "method" | "target" | "admin" | "status";

export interface Survey {
  readonly kind: "survey";
  readonly name: string;
  readonly lines: number;
  readonly requests: number;
  readonly bad: { readonly count: number; readonly first: readonly LogProblem[] };
  readonly skipped: ReadonlyMap<SkipReason, number>;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly catalogue: Catalogue;
}

export interface PlannedRequest extends ReplayRequest {
  readonly resource: Resource;
  readonly referer: string | undefined;
  readonly agent: string | undefined;
  /** The copy the client had, for an entry logged as 304. */
  readonly ifNoneMatch: string | undefined;
}

const SHOWN_PROBLEMS = 5;

/** @param limit how many requests to take from the log's start */
export async function surveyLog(
  file: string,
  limit: number,
): Promise<Survey | { kind: "unreadable"; problem: string }> {
  const catalogue = createCatalogue();
  const first: LogProblem[] = [];
  const skipped = new Map<SkipReason, number>();
  let [lines, requests, bad, firstMs, lastMs] = [0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  try {
    for await (const line of readAccessLog(file)) {
      if (requests === limit) break;
      lines++;
      if (line.kind === "bad") {
        bad++;
        if (first.length < SHOWN_PROBLEMS) first.push({ lineNumber: line.lineNumber, problem: line.problem });
        continue;
      }
      const request = replayable(line.entry);
      if (request.kind === "skip") {
        skipped.set(request.reason, (skipped.get(request.reason) ?? 0) + 1);
        continue;
      }
      requests++;
      firstMs = Math.min(firstMs, line.entry.timeMs);
      lastMs = Math.max(lastMs, line.entry.timeMs);
      catalogue.add(request, line.entry);
    }
  } catch (cause) {
    return {
      kind: "unreadable",
      problem: `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    };
  }
  const name = basename(file);
  if (requests === 0) return { kind: "unreadable", problem: emptyProblem(name, lines, bad, first[0]) };
  return {
    kind: "survey",
    name,
    lines,
    requests,
    bad: { count: bad, first },
    skipped,
    firstMs,
    lastMs,
    catalogue: catalogue.finish(),
  };
}

export async function* plannedRequests(
  file: string,
  limit: number,
  catalogue: Catalogue,
): AsyncGenerator<PlannedRequest> {
  let planned = 0;
  for await (const line of readAccessLog(file)) {
    if (planned === limit) return;
    if (line.kind === "bad") continue;
    const request = replayable(line.entry);
    if (request.kind === "skip") continue;
    const { method, target } = request;
    const resource = catalogue.find(method, target);
    // Only a file that changed between the passes has a target the survey did not see.
    if (resource === undefined) continue;
    planned++;
    const { referer, agent } = line.entry.client ?? { referer: undefined, agent: undefined };
    const conditional = line.entry.status === 304 && (method === "GET" || method === "HEAD");
    yield { method, target, resource, referer, agent, ifNoneMatch: conditional ? resource.etag : undefined };
  }
}

function replayable(entry: LogEntry): ({ kind: "request" } & ReplayRequest) | { kind: "skip"; reason: SkipReason } {
  // No origin could give an answer with an interim or unknown status.
  if (entry.status < 200 || entry.status > 599) return { kind: "skip", reason: "status" };
  return readRequestLine(entry.request);
}

function emptyProblem(name: string, lines: number, bad: number, first: LogProblem | undefined): string {
  if (lines === 0) return `${name} is empty: there is nothing to replay`;
  if (first === undefined || bad < lines) return `${name} has no request that can be replayed (lines read: ${lines})`;
  return `${name} is not an access log in the common or combined format: line ${first.lineNumber} has ${first.problem}`;
}
