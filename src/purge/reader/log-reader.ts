// Owns how the log is read: the port of everything that keeps a copy of it.
import type { Cursor, Delta } from "../wire/records.ts";

/** What a reader got, and when the question was sent: it may be as old as that. */
export interface LogAnswer {
  readonly delta: Delta;
  readonly sentAtMs: number;
  /** Set where another isolate had asked: its question stands in no order with the reader's own. */
  readonly isCopy?: true;
  /** What is still done for it: what it adds, if anything. */
  readonly later?: Promise<LogAnswer | undefined>;
}

/** What a copy adds for a reader at `cursor`; `undefined` where it is not there. It may be older than any bound, and nobody knows how old: -Infinity. */
export type FallbackSnapshot = (cursor: Cursor | undefined) => Promise<LogAnswer | undefined>;

/** The one method of the log a reader calls. */
export interface LogReader {
  /** What a reader at `cursor` lacks; `maxAgeMs`: how long ago the question may have been sent. @throws where nobody answers. */
  since(cursor: Cursor | undefined, maxAgeMs: number): Promise<LogAnswer>;
  /** For when nothing younger can be had, the nearest first. */
  readonly fallbacks?: readonly FallbackSnapshot[];
}
