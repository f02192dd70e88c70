// Owns an isolate's copy of the purge log: at most `maxLagMs` old when it answers, or it says that it does not know.
import { DependencyError } from "../error.ts";
import type { PurgeState } from "../http/reuse.ts";
import type { Fence, Stored } from "../http/stored.ts";
import type { TargetHash } from "../http/target.ts";
import { purgeState } from "./match.ts";
import { type Cursor, type Delta, mergedRecord, type PurgeRecord } from "./records.ts";

/** The one method of the log a reader calls. */
export interface LogReader {
  since(cursor: Cursor | undefined): Promise<Delta>;
}

export interface Replica {
  /**
   * Makes sure the copy is at most `maxLagMs` old: `true` at once while it is, a promise while it must be fetched; `false`
   * when the log did not answer in time. Past half the bound it also refreshes in the background.
   */
  ensure(log: LogReader, maxLagMs: number, background: (work: Promise<void>) => void): boolean | Promise<boolean>;
  /** What the copy says of a stored response. Only meaningful after `ensure`. */
  stateOf(stored: Pick<Stored, "targets" | "fence">): PurgeState;
  /** The fence of a fetch that begins now; `undefined` before the first answer of the log. */
  fence(): Fence | undefined;
  cursor(): Cursor | undefined;
  /** Takes in what the log said. `askedAtMs`: when the question was sent, since the answer may be as old as that. */
  apply(delta: Delta, askedAtMs: number): void;
}

export interface ReplicaOptions {
  readonly now: () => number;
  /** How long a request waits for the log before it goes on without, milliseconds. */
  readonly waitMs: number;
  readonly report: (error: DependencyError) => void;
}

/** How long after a failure requests go on without waiting, milliseconds. */
const RETRY_MS = 1000;

export function purgeReplica({ now, waitMs, report }: ReplicaOptions): Replica {
  let records = new Map<TargetHash, PurgeRecord>();
  let incarnation: string | undefined;
  let seq = 0;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  /** The question under way, and when it was sent. */
  let asking: { readonly answered: Promise<void>; readonly sentAtMs: number } | undefined;

  function apply(delta: Delta, sentAtMs: number): void {
    if (delta.incarnation !== incarnation) {
      // an answer that was under way while the log changed must not bring the old one back
      if (sentAtMs < askedAtMs) return;
      records = new Map();
      seq = 0;
      incarnation = delta.incarnation;
    }
    for (const record of delta.records) records.set(record.target, mergedRecord(records.get(record.target), record));
    seq = Math.max(seq, delta.seq);
    askedAtMs = Math.max(askedAtMs, sentAtMs);
  }

  const cursor = (): Cursor | undefined => (incarnation === undefined ? undefined : { incarnation, seq });

  async function question(log: LogReader, sentAtMs: number): Promise<void> {
    const since = cursor();
    try {
      const delta = await log.since(since);
      // a part of a history that is not ours any more is no whole
      if (since?.incarnation !== delta.incarnation || since.incarnation === incarnation) apply(delta, sentAtMs);
      failedAtMs = Number.NEGATIVE_INFINITY;
    } catch (cause) {
      failedAtMs = now();
      report(new DependencyError("purge log", "did not answer", { cause }));
    }
  }

  function ask(log: LogReader): Promise<void> {
    const sentAtMs = now();
    const answered = question(log, sentAtMs).finally(() => {
      if (asking?.answered === answered) asking = undefined;
    });
    asking = { answered, sentAtMs };
    return answered;
  }

  /** Waits for a question under way that is young enough, or asks; never for `refused`, which was waited for already. */
  async function wait(
    log: LogReader,
    maxLagMs: number,
    background: (work: Promise<void>) => void,
    refused?: Promise<void>,
  ): Promise<boolean> {
    const startedAtMs = now();
    const shared =
      asking && asking.answered !== refused && asking.sentAtMs >= startedAtMs - maxLagMs ? asking.answered : undefined;
    const answered = shared ?? ask(log);
    // a client that leaves must not take the answer away from the others who wait for it
    background(answered);
    await within(answered, waitMs);
    if (startedAtMs - askedAtMs <= maxLagMs) return true;
    failedAtMs = now();
    // the request that had asked may have died with its question: once more, in our own name or with others like us
    return shared === undefined || refused !== undefined ? false : wait(log, maxLagMs, background, shared);
  }

  return {
    ensure(log, maxLagMs, background) {
      const age = now() - askedAtMs;
      if (age > maxLagMs) {
        if (now() - failedAtMs > RETRY_MS) return wait(log, maxLagMs, background);
        // it failed a moment ago: requests need not queue up behind it to learn that again
        if (asking === undefined) background(ask(log));
        return false;
      }
      const dead = asking !== undefined && now() - asking.sentAtMs > waitMs;
      if (age > maxLagMs / 2 && (asking === undefined || dead)) background(ask(log));
      return true;
    },
    stateOf: (stored) =>
      incarnation === undefined
        ? { state: "unknown" }
        : purgeState(stored, incarnation, (target) => records.get(target)),
    fence: cursor,
    cursor,
    apply,
  };
}

/** Resolves with the work or after `ms`, whichever is first. */
async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: number | null = null;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
