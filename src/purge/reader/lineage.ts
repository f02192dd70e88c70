// Owns which of two incarnations of the purge log is the later one, as far as an isolate can prove it: no answer takes it back to one it has left.
import { boundedMap } from "../../base/bounded-map.ts";

/** Numbers what an isolate sends to the log and what it learns, in one order: a clock may stand still or go back. */
export type Ticket = number;

/** What an incarnation was named in answer to. */
export interface Witness {
  /** Of the question or the purge. */
  readonly ticket: Ticket;
  /** Of a copy: when the question was sent that another isolate asked for it; -Infinity where nobody knows. Absent where the log itself answered. */
  readonly copiedAtMs?: number | undefined;
}

/**
 * `unproved`: it may be the earlier one, and nothing of it may be taken in. `returned`: the log is this one now although it was
 * left, so its storage was set back to what it had been.
 */
export type Standing = "same" | "later" | "unproved" | "returned";

export interface Lineage {
  /** For a question or a purge, taken before it is sent. */
  ticket(): Ticket;
  standing(incarnation: string, witness: Witness): Standing;
  /** From now on this is the incarnation that is known. */
  enter(incarnation: string, nowMs: number): void;
}

/** A log is lost once in years, so more than these are of no interest. An older one is still refused by its time. */
const MAX_LEFT = 16;

export function lineage(): Lineage {
  let tickets = 0;
  let current: string | undefined;
  let entered: Ticket = 0;
  let enteredAtMs = Number.NEGATIVE_INFINITY;
  const left = boundedMap<string, true>(MAX_LEFT);

  return {
    ticket: () => ++tickets,
    standing(incarnation, { ticket, copiedAtMs }) {
      if (current === undefined) return "later";
      if (incarnation === current) return "same";
      // a question sent before the present incarnation was known may have been answered before that began
      if (ticket < entered) return "unproved";
      if (copiedAtMs === undefined) return left.has(incarnation) ? "returned" : "later";
      return !left.has(incarnation) && copiedAtMs > enteredAtMs ? "later" : "unproved";
    },
    enter(incarnation, nowMs) {
      if (current !== undefined) left.set(current, true);
      current = incarnation;
      entered = ++tickets;
      enteredAtMs = nowMs;
    },
  };
}
