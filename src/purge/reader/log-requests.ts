// Owns the questions to the log that are under way in an isolate, and who may share them.
import type { LogReader } from "./log-reader.ts";

export type Background = (work: Promise<unknown>) => void;

export interface LogRequest {
  /** True where the log answered it and the answer was of use; never rejects. */
  readonly answered: Promise<boolean>;
  readonly sentAtMs: number;
  readonly maxAgeMs: number;
}

/** Between a question ahead of need and those before it, milliseconds. */
export interface Pauses {
  /** After one that is still under way. */
  readonly afterAnyMs: number;
  /** After the last one ahead of need. */
  readonly afterItsKindMs: number;
}

export interface LogRequests {
  /** The latest of those that may be shared. */
  latest(): LogRequest | undefined;
  /** Asks ahead of need, unless that was done a moment ago; nobody waits for it. True where it did. */
  ahead(log: LogReader, maxAgeMs: number, background: Background, pauses: Pauses): boolean;
  /** The latest if it was sent at `oldestMs` or later and is not `refused`, which was waited for in vain; or a new one. */
  share(log: LogReader, maxAgeMs: number, background: Background, oldestMs: number, refused?: LogRequest): LogRequest;
  /** The answer to a question that is sent from now on; true: it is somebody else's. */
  strict(log: LogReader, background: Background): { readonly answered: Promise<boolean>; readonly isShared: boolean };
}

type FetchDelta = (log: LogReader, maxAgeMs: number, background: Background) => Promise<boolean>;
type Send = (log: LogReader, maxAgeMs: number, background: Background, over: (sent: LogRequest) => void) => LogRequest;

/**
 * @param put puts the question to the log and takes in the answer.
 * @param deadMs a question this old died with the request that sent it.
 */
export function logRequests(now: () => number, deadMs: number, fetchDelta: FetchDelta): LogRequests {
  let latest: LogRequest | undefined;
  let aheadAtMs = Number.NEGATIVE_INFINITY;

  const send: Send = (log, maxAgeMs, background, over) => {
    const sentAtMs = now();
    const request = { answered: fetchDelta(log, maxAgeMs, background), sentAtMs, maxAgeMs };
    // a client that leaves must not take the answer away from the others who wait for it
    background(
      request.answered.then(() => {
        over(request);
      }),
    );
    return request;
  };

  function ask(log: LogReader, maxAgeMs: number, background: Background): LogRequest {
    latest = send(log, maxAgeMs, background, (request) => {
      if (latest === request) latest = undefined;
    });
    return latest;
  }

  return {
    latest: () => latest,
    ahead(log, maxAgeMs, background, { afterAnyMs, afterItsKindMs }) {
      const nowMs = now();
      // of a clock that was set back: as long ago as it was
      if (latest && Math.abs(nowMs - latest.sentAtMs) <= afterAnyMs) return false;
      if (Math.abs(nowMs - aheadAtMs) < afterItsKindMs) return false;
      aheadAtMs = nowMs;
      ask(log, maxAgeMs, background);
      return true;
    },
    share(log, maxAgeMs, background, oldestMs, refused) {
      const serves = latest && latest !== refused && latest.sentAtMs >= oldestMs && latest.maxAgeMs <= maxAgeMs;
      return latest && serves ? latest : ask(log, maxAgeMs, background);
    },
    strict: strictRequests(now, deadMs, send),
  };
}

function strictRequests(now: () => number, deadMs: number, send: Send): LogRequests["strict"] {
  let current: LogRequest | undefined;
  /** Follows the current one, for those who came after that was sent. */
  let next: Promise<boolean> | undefined;

  function ask(log: LogReader, background: Background): Promise<boolean> {
    next = undefined;
    current = send(log, 0, background, (request) => {
      if (current === request) current = undefined;
    });
    return current.answered;
  }

  return (log, background) => {
    if (!current || Math.abs(now() - current.sentAtMs) >= deadMs) {
      return { answered: ask(log, background), isShared: false };
    }
    next ??= current.answered.then(() => ask(log, background));
    background(next);
    return { answered: next, isShared: true };
  };
}
