// Owns the sums of a replay: every result is counted once, by content type and by reason.
import type { ReplayedRequest } from "./replayer.ts";

export interface Counts {
  requests: number;
  hits: number;
  bytes: number;
  hitBytes: number;
}

export interface ReasonCounts {
  readonly how: string;
  readonly reason: string;
  requests: number;
  stored: number;
  bytes: number;
}

export interface Tally {
  readonly total: Readonly<Counts> & { readonly revalidated: number; readonly unknown: number };
  readonly byContentType: ReadonlyMap<string, Readonly<Counts>>;
  readonly byReason: ReadonlyMap<string, Readonly<ReasonCounts>>;
  readonly byStatus: ReadonlyMap<number, number>;
  readonly mismatches: Problems;
  readonly failures: Problems;
}

export interface Problems {
  readonly count: number;
  readonly first: readonly string[];
}

const SHOWN_PROBLEMS = 5;

export function createTally(): { add(result: ReplayedRequest): void; result(): Tally } {
  const total = { ...noCounts(), revalidated: 0, unknown: 0 };
  const byContentType = new Map<string, Counts>();
  const byReason = new Map<string, ReasonCounts>();
  const byStatus = new Map<number, number>();
  const mismatches = { count: 0, first: [] as string[] };
  const failures = { count: 0, first: [] as string[] };
  return {
    add(result) {
      const { method, target, resource } = result.planned;
      if (result.kind === "failed") {
        note(failures, `${method} ${target}: ${result.problem}`);
        return;
      }
      const { verdict, bytes, status } = result;
      const hit = verdict.outcome === "hit";
      const ofType = entryOf(byContentType, resource.contentType, noCounts);
      for (const counts of [total, ofType]) {
        counts.requests++;
        counts.bytes += bytes;
        if (hit) counts.hits++;
        if (hit) counts.hitBytes += bytes;
      }
      if (verdict.outcome === "revalidated") total.revalidated++;
      if (verdict.outcome === "unknown") total.unknown++;
      const { how, reason } = verdict;
      const ofReason = entryOf(byReason, `${how} ${reason}`, () => ({ how, reason, requests: 0, stored: 0, bytes: 0 }));
      ofReason.requests++;
      ofReason.bytes += bytes;
      if (verdict.stored) ofReason.stored++;
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
      if (result.mismatch !== undefined) note(mismatches, `${method} ${target}: ${result.mismatch}`);
    },
    result: () => ({ total, byContentType, byReason, byStatus, mismatches, failures }),
  };
}

function noCounts(): Counts {
  return { requests: 0, hits: 0, bytes: 0, hitBytes: 0 };
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const found = map.get(key) ?? create();
  map.set(key, found);
  return found;
}

function note(problems: { count: number; first: string[] }, text: string): void {
  problems.count++;
  if (problems.first.length < SHOWN_PROBLEMS) problems.first.push(text);
}
