// Owns an isolate's copy of the purge log: at most `maxLagMs` old when it answers, or it says that it does not know.
import { type SetTimeout, within } from "../../base/deadline.ts";
import { DependencyError } from "../../error.ts";
import { deltaIntake } from "./delta-intake.ts";
import { fallbackSnapshots } from "./fallback-snapshots.ts";
import type { KnownPurges } from "./known-purges.ts";
import type { Ticket } from "./lineage.ts";
import { type Background, type Pauses, logRequests } from "./log-requests.ts";
import type { LogAnswer, LogReader } from "./log-reader.ts";
import type { Cursor } from "../wire/records.ts";

/** What it says of purges counts after `ensure`. */
export interface Replica extends KnownPurges {
  /**
   * Makes sure the copy is at most `maxLagMs` old: `true` at once while it is, a promise while it must be fetched; `false`
   * when the log did not answer in time. Past half the bound it also refreshes in the background. With 0 every request has
   * a question that was sent after it came.
   */
  ensure(log: LogReader, maxLagMs: number, background: Background): boolean | Promise<boolean>;
  cursor(): Cursor | undefined;
  /** For a question or a purge that is about to be sent to the log; its answer is applied under it. */
  ticket(): Ticket;
  /** Takes in what the log said, without a ticket to a question sent just now. False where that may be old, or has a gap before it. */
  apply(answer: LogAnswer, ticket?: Ticket): boolean;
  /** What is known may lack something that must be obeyed: it counts again when the log itself has answered a question sent from now on. */
  doubt(): void;
}

export interface ReplicaOptions {
  readonly now: () => number;
  readonly timeout: SetTimeout;
  readonly random: () => number;
  /** How long a request waits for the log before it goes on without, milliseconds. */
  readonly waitMs: number;
  readonly report: (error: DependencyError) => void;
}

/** How long after a failure requests go on without waiting, milliseconds. */
const RETRY_MS = 1000;
/** How often the log is asked meanwhile: often enough to be back within a second. */
const PROBE: Pauses = { afterAnyMs: 250, afterItsKindMs: 250 };
/** Between these shares of the bound, by chance, the background refresh begins: isolates must not move in step. */
const EARLY = { from: 0.5, to: 0.75 };
/** As a share of the bound: the pause between two early questions, when the first brought nothing younger. */
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

  /** Twice, where the first was another request's question: that may have died with it. */
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

  /** With what late copies add; one of them may be inside the bound. */
  function withFallback(log: LogReader, maxLagMs: number, background: Background): boolean | Promise<boolean> {
    const startedAtMs = now();
    return fallback.read(log, background)?.then(() => maxLagMs > 0 && startedAtMs - asOfMs() <= maxLagMs) ?? false;
  }

  return {
    ensure(log, maxLagMs, background) {
      const nowMs = now();
      // by a clock that was set back nobody can tell how old it is
      if (asOfMs() > nowMs) intake.loseTime();
      const ageMs = nowMs - asOfMs();
      if (ageMs > maxLagMs || maxLagMs <= 0) {
        // of a clock that was set back: as long ago as it was
        if (Math.abs(nowMs - failedAtMs) > RETRY_MS) {
          return maxLagMs > 0 ? wait(log, maxLagMs, background) : waitStrictly(log, background);
        }
        // it failed a moment ago: requests need not queue up behind it to learn that again
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
