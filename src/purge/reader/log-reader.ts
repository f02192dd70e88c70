// Owns the port for reading the log, used by everything that keeps a copy of it.
import type { Cursor, Delta } from "../wire/records.ts";

/** A delta, and when its request was sent: the delta may be as old as that. */
export interface LogAnswer {
  readonly delta: Delta;
  readonly sentAtMs: number;
  /** Set where another isolate sent the request, so that it has no place in this reader's order of requests. */
  readonly isCopy?: true;
  /** Work still pending for it: a further answer, if any. */
  readonly later?: Promise<LogAnswer | undefined>;
}

/** A late copy's answer for a reader at `cursor`; `undefined` where there is no copy. It may be older than any bound: `sentAtMs` is -Infinity. */
export type FallbackSnapshot = (cursor: Cursor | undefined) => Promise<LogAnswer | undefined>;

export interface LogReader {
  /** The changes a reader at `cursor` lacks. `maxAgeMs`: how old the request may be. @throws where the log does not answer. */
  since(cursor: Cursor | undefined, maxAgeMs: number): Promise<LogAnswer>;
  /** To be read while the log is out of reach, the nearest first. */
  readonly fallbacks?: readonly FallbackSnapshot[];
}
