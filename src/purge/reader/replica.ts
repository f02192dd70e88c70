// Owns an isolate's copy of the purge log: at most `maxLagMs` old when it answers, or it says that it cannot tell.
import { type SetTimeout, within } from "../../base/deadline.ts";
import { DependencyError } from "../../error.ts";
import { deltaIntake } from "./delta-intake.ts";
import { fallbackSnapshots } from "./fallback-snapshots.ts";
import type { KnownPurges } from "./known-purges.ts";
import type { Ticket } from "./lineage.ts";
import { type Background, type Pauses, logRequests } from "./log-requests.ts";
import type { LogAnswer, LogReader } from "./log-reader.ts";
import type { Cursor } from "../wire/records.ts";

/** Its verdicts are valid after `ensure`. */
export interface Replica extends KnownPurges {
  /**
   * Makes sure that the copy is at most `maxLagMs` old: `true` at once while it is, a promise while it must be fetched, `false` when
   * the log did not answer in time. Past half the bound it also refreshes in the background. With a bound of 0 every client request has
   * a log request sent after it came.
   */
  ensure(log: LogReader, maxLagMs: number, background: Background): boolean | Promise<boolean>;
  cursor(): Cursor | undefined;
  /** Taken before a request or a purge is sent to the log; its answer is applied under it. */
  ticket(): Ticket;
  /**
   * Takes in an answer of the log; without a ticket, as the answer to a request sent just now. False where it may be outdated, or
   * leaves a gap.
   */
  apply(answer: LogAnswer, ticket?: Ticket): boolean;
  /** A purge may be missing: the copy counts again once the log itself has answered a request sent from now on. */
  doubt(): void;
}

export interface ReplicaOptions {
  readonly now: () => number;
  readonly timeout: SetTimeout;
  readonly random: () => number;
  /** How long a client request waits for the log, milliseconds. */
  readonly waitMs: number;
  readonly report: (error: DependencyError) => void;
}

/** How long after a failure client requests go on without waiting, milliseconds. */
const RETRY_MS = 1000;
/** How often the log is probed meanwhile: often enough to be back within a second. */
const PROBE: Pauses = { afterAnyMs: 250, afterItsKindMs: 250 };
/** The background refresh begins at a random share of the bound between these, so that isolates do not move in step. */
const EARLY = { from: 0.5, to: 0.75 };
/** Least time between two early requests, as a share of the bound. */
const EARLY_PAUSE = 0.05;

export function purgeReplica(options: ReplicaOptions): Replica {
  const { now, timeout, random, waitMs } = options;
  let earlyShare = earlyBy(random);
  let failedAtMs = Number.NEGATIVE_INFINITY;
  const intake = deltaIntake({ now, random, younger: () => void (earlyShare = earlyBy(random)) });
  const { known, asOfMs } = intake;
  const fallback = fallbackSnapshots(options, { ...intake, cursor: known.cursor });
  const reportFailure = failureReporter(options);

  async function fetchDelta(log: LogReader, maxAgeMs: number, background: Background): Promise<boolean> {
    try {
      return await intake.ask(log, maxAgeMs, (later) => {
        failedAtMs = Number.NEGATIVE_INFINITY;
        fallback.reset();
        if (later) background(later.catch(reportFailure));
      });
    } catch (cause) {
      reportFailure(cause);
      return false;
    }
  }

  const underWay = logRequests(now, waitMs, fetchDelta);

  /** Waits twice where another client request sent the first: it may have died with that. */
  async function wait(log: LogReader, maxLagMs: number, background: Background): Promise<boolean> {
    const startedAtMs = now();
    const inBound = (): boolean => startedAtMs - asOfMs() <= maxLagMs;
    const others = underWay.latest();
    const first = underWay.share(log, maxLagMs, background, startedAtMs - maxLagMs);
    await within(timeout(waitMs), first.answered);
    if (inBound()) return true;
    if (first === others) {
      const second = underWay.share(log, maxLagMs, background, startedAtMs, first);
      await within(timeout(waitMs), second.answered);
      if (inBound()) return true;
    }
    failedAtMs = now();
    return withFallback(log, maxLagMs, background);
  }

  async function waitStrictly(log: LogReader, background: Background): Promise<boolean> {
    const first = underWay.strict(log, background);
    if ((await within(timeout(waitMs), first.answered)) === true) return true;
    if (first.isShared) {
      const second = underWay.strict(log, background);
      if ((await within(timeout(waitMs), second.answered)) === true) return true;
    }
    failedAtMs = now();
    return withFallback(log, 0, background);
  }

  /** Goes on with fallback snapshots; one of them may be inside the bound. */
  function withFallback(log: LogReader, maxLagMs: number, background: Background): boolean | Promise<boolean> {
    const startedAtMs = now();
    return fallback.read(log, background)?.then(() => maxLagMs > 0 && startedAtMs - asOfMs() <= maxLagMs) ?? false;
  }

  return {
    ensure(log, maxLagMs, background) {
      const nowMs = now();
      // the clock was set back, so the age is unknown
      if (asOfMs() > nowMs) intake.loseTime();
      const ageMs = nowMs - asOfMs();
      if (ageMs > maxLagMs || maxLagMs <= 0) {
        // `abs()`: after the clock is set back, a time far in the future counts as equally far in the past
        if (Math.abs(nowMs - failedAtMs) > RETRY_MS) {
          return maxLagMs > 0 ? wait(log, maxLagMs, background) : waitStrictly(log, background);
        }
        // the log failed a moment ago: do not queue up to learn that again
        if (underWay.ahead(log, maxLagMs, background, PROBE)) failedAtMs = nowMs;
        return withFallback(log, maxLagMs, background);
      }
      if (ageMs > maxLagMs * earlyShare) {
        underWay.ahead(log, maxLagMs, background, { afterAnyMs: waitMs, afterItsKindMs: maxLagMs * EARLY_PAUSE });
      }
      return true;
    },
    ...known,
    ticket: intake.ticket,
    apply: intake.apply,
    doubt: intake.doubt,
  };
}

function failureReporter({ report }: ReplicaOptions): (cause: unknown) => void {
  return (cause) => {
    report(new DependencyError("purge log", "did not answer", { cause }));
  };
}

function earlyBy(random: () => number): number {
  return EARLY.from + (EARLY.to - EARLY.from) * random();
}
