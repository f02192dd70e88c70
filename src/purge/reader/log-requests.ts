// Owns an isolate's pending requests to the log, and which client requests may share them.
import type { LogReader } from "./log-reader.ts";

export type Background = (work: Promise<unknown>) => void;

export interface LogRequest {
  /** True if the log's answer was of use; never rejects. */
  readonly answered: Promise<boolean>;
  readonly sentAtMs: number;
  readonly maxAgeMs: number;
}

/** Least time between a request ahead of need and earlier ones, milliseconds. */
export interface Pauses {
  /** After any that is still pending. */
  readonly afterAnyMs: number;
  /** After the last one ahead of need. */
  readonly afterItsKindMs: number;
}

export interface LogRequests {
  /** The latest pending request that may be shared. */
  latest(): LogRequest | undefined;
  /** Asks ahead of need, unless it did a moment ago; true if it does. Nobody waits for it. */
  ahead(log: LogReader, maxAgeMs: number, background: Background, pauses: Pauses): boolean;
  /** The latest pending one if it was sent at `oldestMs` or later and is not `refused`, which the caller waited for in vain; else a new one. */
  share(log: LogReader, maxAgeMs: number, background: Background, oldestMs: number, refused?: LogRequest): LogRequest;
  /** The answer to a request sent after this call. `isShared`: another client request sends it. */
  strict(log: LogReader, background: Background): { readonly answered: Promise<boolean>; readonly isShared: boolean };
}

type FetchDelta = (log: LogReader, maxAgeMs: number, background: Background) => Promise<boolean>;
type Send = (log: LogReader, maxAgeMs: number, background: Background, over: (sent: LogRequest) => void) => LogRequest;

/**
 * @param fetchDelta sends the request and takes in the answer.
 * @param deadMs a strict request this old has died with the client request that sent it.
 */
export function logRequests(now: () => number, deadMs: number, fetchDelta: FetchDelta): LogRequests {
  let latest: LogRequest | undefined;
  let aheadAtMs = Number.NEGATIVE_INFINITY;

  const send: Send = (log, maxAgeMs, background, over) => {
    const sentAtMs = now();
    const request = { answered: fetchDelta(log, maxAgeMs, background), sentAtMs, maxAgeMs };
    // the other requests still wait for the answer when this client leaves
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
      // `abs()`: after the clock is set back, a time far in the future counts as equally far in the past
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
  /** The request after the current one, shared by callers that came after the current one was sent. */
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
