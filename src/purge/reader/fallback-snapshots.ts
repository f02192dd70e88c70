// Owns what late copies of the log add while it is out of reach: read now and then, the nearest first.
import { LATE, type SetTimeout, within } from "../../base/deadline.ts";
import { DependencyError } from "../../error.ts";
import type { Ticket } from "./lineage.ts";
import type { Background } from "./log-requests.ts";
import type { FallbackSnapshot, LogAnswer, LogReader } from "./log-reader.ts";
import type { Cursor } from "../wire/records.ts";

export interface FallbackOptions {
  readonly now: () => number;
  readonly timeout: SetTimeout;
  /** How long a copy may take, milliseconds. */
  readonly waitMs: number;
  readonly report: (error: DependencyError) => void;
}

/** How often they are read at most, milliseconds: one of them has a price. */
const EVERY_MS = 30_000;
/** How soon again where one failed, milliseconds. */
const AGAIN_MS = 1000;

/** Whoever takes in what the copies add. */
interface Intake {
  cursor(): Cursor | undefined;
  /** Taken before a copy is read. */
  ticket(): Ticket;
  apply(answer: LogAnswer, ticket: Ticket): boolean;
}

export interface FallbackSnapshots {
  /** Has them read where it is time to; a promise where a request has to wait for what they add. */
  read(log: LogReader, background: Background): Promise<unknown> | undefined;
  /** The log answers: when it is out of reach the next time, they are read at once. */
  reset(): void;
}

export function fallbackSnapshots(
  { now, timeout, waitMs, report }: FallbackOptions,
  { cursor, ticket, apply }: Intake,
): FallbackSnapshots {
  let startedAtMs = Number.NEGATIVE_INFINITY;
  let pauseMs = EVERY_MS;
  let reading: Promise<void> | undefined;

  /** False where it failed or hung. */
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
    // what is nearest is youngest, and says which log it is
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
      // of a clock that was set back: as long ago as it was
      if (Math.abs(nowMs - startedAtMs) >= pauseMs) {
        // where they failed, nobody has to wait for them again
        const isAwaited = pauseMs === EVERY_MS;
        startedAtMs = nowMs;
        // until it is over it counts as failed: it may die with the request that began it
        pauseMs = AGAIN_MS;
        const begun = readAll(fallbacks).then(() => (reading = undefined));
        background(begun);
        reading = isAwaited ? begun : undefined;
      }
      // those who fail together wait together
      return reading && within(timeout(waitMs), reading);
    },
  };
}
