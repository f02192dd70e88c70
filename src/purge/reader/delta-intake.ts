// Owns which answers of the purge log an isolate takes in, and the age of its knowledge: never from an earlier log, never older again.
import { type ReplicaState, replicaState } from "./replica-state.ts";
import { lineage, type Standing, type Ticket } from "./lineage.ts";
import type { LogAnswer, LogReader } from "./log-reader.ts";

export interface DeltaIntake {
  readonly known: ReplicaState;
  /** When the youngest request was sent whose answer is known; -Infinity where that is unknown or the answer does not count. */
  asOfMs(): number;
  /** Taken before a request or a purge is sent to the log. */
  ticket(): Ticket;
  /** False where the answer may come from an earlier log, or leaves a gap: then nothing of it is taken in. */
  apply(answer: LogAnswer, ticket?: Ticket): boolean;
  /**
   * Asks the log and takes in the answer; true if it was of use.
   * @throws where the log does not answer.
   * @param heard called with the answer's pending work, if any.
   */
  ask(log: LogReader, maxAgeMs: number, heard: (later: Promise<unknown> | undefined) => void): Promise<boolean>;
  /** The clock was set back, so the age of the knowledge is unknown. */
  loseTime(): void;
  /** A purge may be missing: the knowledge counts again once the log itself has answered a request sent from now on. */
  doubt(): void;
}

interface IntakeOptions {
  readonly now: () => number;
  readonly random: () => number;
  /** Called when the knowledge has become younger. */
  readonly younger: () => void;
}

/** Requests to find out which log is the later one: one, and one more where an earlier log has come back. */
const MAX_PROOFS = 2;

export function deltaIntake({ now, random, younger }: IntakeOptions): DeltaIntake {
  const known = replicaState(random);
  const order = lineage();
  let asOfMs = Number.NEGATIVE_INFINITY;
  /** Answers to requests sent before this ticket do not renew the knowledge. */
  let doubted: Ticket | undefined;

  function apply(answer: LogAnswer, ticket: Ticket = order.ticket()): boolean {
    const { delta, sentAtMs, isCopy } = answer;
    const standing = standingOf(answer, ticket);
    if ((standing !== "same" && standing !== "later") || !known.learn(delta)) return false;
    if (standing === "later") order.enter(delta.incarnation, now());
    if (doubted !== undefined && (isCopy || ticket < doubted)) return true;
    doubted = undefined;
    if (sentAtMs > asOfMs) {
      asOfMs = sentAtMs;
      younger();
    }
    return true;
  }

  function standingOf({ delta, sentAtMs, isCopy }: LogAnswer, ticket: Ticket): Standing {
    return order.standing(delta.incarnation, { ticket, copiedAtMs: isCopy && sentAtMs });
  }

  /**
   * Takes in an answer. If it names another log without proof that this is the later one, or the knowledge was doubted since the
   * request was sent, asks the log itself once more.
   */
  async function acceptOrProve(log: LogReader, answer: LogAnswer, ticket: Ticket, tries = 0): Promise<boolean> {
    const isTaken = apply(answer, ticket);
    const { incarnation } = answer.delta;
    if (doubted === undefined && (isTaken || incarnation === known.cursor()?.incarnation)) return isTaken;
    if (tries === MAX_PROOFS) return false;
    // to a reader ahead of it, a log that was set back answers as a new log: its old number is void
    const isBack = standingOf(answer, ticket) === "returned";
    const cursor = isBack ? { incarnation, seq: Number.MAX_SAFE_INTEGER } : known.cursor();
    const next = order.ticket();
    return acceptOrProve(log, await log.since(cursor, 0), next, tries + 1);
  }

  return {
    known,
    asOfMs: () => asOfMs,
    ticket: order.ticket,
    apply,
    async ask(log, maxAgeMs, heard) {
      const ticket = order.ticket();
      const answer = await log.since(known.cursor(), doubted === undefined ? maxAgeMs : 0);
      heard(answer.later?.then((more) => more && apply(more, ticket)));
      return acceptOrProve(log, answer, ticket);
    },
    loseTime() {
      asOfMs = Number.NEGATIVE_INFINITY;
    },
    doubt() {
      doubted = order.ticket();
      asOfMs = Number.NEGATIVE_INFINITY;
    },
  };
}
