// Owns which answers of the purge log an isolate takes in, and from when its knowledge is: never from a log before the one it knows, never older again.
import { type ReplicaState, replicaState } from "./replica-state.ts";
import { lineage, type Standing, type Ticket } from "./lineage.ts";
import type { LogAnswer, LogReader } from "./log-reader.ts";

export interface DeltaIntake {
  readonly known: ReplicaState;
  /** When the youngest question was sent whose answer is known; -Infinity where nobody can tell, or it does not count. */
  asOfMs(): number;
  /** For a question or a purge that is about to be sent to the log. */
  ticket(): Ticket;
  /** False where the answer may be of an earlier log, or has a gap before it: nothing of it is taken in. */
  apply(answer: LogAnswer, ticket?: Ticket): boolean;
  /**
   * Asks, and takes in the answer; true where that was of use. @throws where nobody answers.
   * @param heard is told once there is an answer, with the work that is still done for it.
   */
  ask(log: LogReader, maxAgeMs: number, heard: (later: Promise<unknown> | undefined) => void): Promise<boolean>;
  /** By a clock that was set back nobody can tell how old it is. */
  loseTime(): void;
  /** What is known may lack something that must be obeyed: it counts again when the log itself has answered a question sent from now on. */
  doubt(): void;
}

interface IntakeOptions {
  readonly now: () => number;
  readonly random: () => number;
  /** Knowledge has become younger. */
  readonly younger: () => void;
}

/** Questions that settle which log is the later one: one, and one more where an earlier one has come back. */
const MAX_PROOFS = 2;

export function deltaIntake({ now, random, younger }: IntakeOptions): DeltaIntake {
  const known = replicaState(random);
  const order = lineage();
  let asOfMs = Number.NEGATIVE_INFINITY;
  /** Answers to questions sent before this was taken make nothing young. */
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
   * Takes in an answer. Where it names another log and does not prove that this is the later one, or what is known was doubted
   * since its question was sent, a question to the log that is sent now settles it.
   */
  async function acceptOrProve(log: LogReader, answer: LogAnswer, ticket: Ticket, tries = 0): Promise<boolean> {
    const isTaken = apply(answer, ticket);
    const { incarnation } = answer.delta;
    if (doubted === undefined && (isTaken || incarnation === known.cursor()?.incarnation)) return isTaken;
    if (tries === MAX_PROOFS) return false;
    // to a reader ahead of it a log that was set back becomes another one: its old number is no longer worth anything
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
