// Owns reading fallback snapshots while the log is out of reach: now and then, the nearest first. They may be late, and only add purges.
import { LATE, type SetTimeout, within } from "../../base/deadline.ts";
import { DependencyError } from "../../error.ts";
import type { Ticket } from "./lineage.ts";
import type { Background } from "./log-requests.ts";
import type { FallbackSnapshot, LogAnswer, LogReader } from "./log-reader.ts";
import type { Cursor } from "../wire/records.ts";

export interface FallbackOptions {
  readonly now: () => number;
  readonly timeout: SetTimeout;
  /** How long reading one may take, milliseconds. */
  readonly waitMs: number;
  readonly report: (error: DependencyError) => void;
}

/** Least time between two rounds, milliseconds: one of the snapshots costs money. */
const EVERY_MS = 30_000;
/** The same after a failure, milliseconds. */
const AGAIN_MS = 1000;

/** Takes in the purges that the snapshots add. */
interface Intake {
  cursor(): Cursor | undefined;
  /** Taken before a snapshot is read. */
  ticket(): Ticket;
  apply(answer: LogAnswer, ticket: Ticket): boolean;
}

export interface FallbackSnapshots {
  /** Reads them if it is time to; a promise where a request should wait for the result. */
  read(log: LogReader, background: Background): Promise<unknown> | undefined;
  /** The log answers again: the next outage reads them at once. */
  reset(): void;
}

export function fallbackSnapshots(
  { now, timeout, waitMs, report }: FallbackOptions,
  { cursor, ticket, apply }: Intake,
): FallbackSnapshots {
  let startedAtMs = Number.NEGATIVE_INFINITY;
  let pauseMs = EVERY_MS;
  let reading: Promise<void> | undefined;

  /** False if it failed or hung. */
  async function read(snapshot: FallbackSnapshot): Promise<boolean> {
    const begun = ticket();
    try {
      const answer = await within(timeout(waitMs), snapshot(cursor()));
      if (answer === LATE) return false;
      if (answer) apply({ ...answer, isCopy: true }, begun);
      return true;
    } catch (cause) {
      report(new DependencyError("purge log", "a late copy could not be read", { cause }));
      return false;
    }
  }

  async function readAll(snapshots: readonly FallbackSnapshot[]): Promise<void> {
    let isWell = true;
    // the nearest is the youngest, and shows which log is current
    // oxlint-disable-next-line no-await-in-loop
    for (const snapshot of snapshots) isWell = (await read(snapshot)) && isWell;
    pauseMs = isWell ? EVERY_MS : AGAIN_MS;
  }

  return {
    reset() {
      startedAtMs = Number.NEGATIVE_INFINITY;
      pauseMs = EVERY_MS;
    },
    read({ fallbacks = [] }, background) {
      const nowMs = now();
      // `abs()`: after the clock is set back, a time far in the future counts as equally far in the past
      if (Math.abs(nowMs - startedAtMs) >= pauseMs) {
        // after a failure nobody waits for them again
        const isAwaited = pauseMs === EVERY_MS;
        startedAtMs = nowMs;
        // counts as failed until it is over: it may die with the request that started it
        pauseMs = AGAIN_MS;
        const begun = readAll(fallbacks).then(() => (reading = undefined));
        background(begun);
        reading = isAwaited ? begun : undefined;
      }
      // requests that fail together share one wait
      return reading && within(timeout(waitMs), reading);
    },
  };
}
