// Owns which of two incarnations of the purge log is the later one, as far as an isolate can prove it. No answer takes the isolate back to one it has left.
import { boundedMap } from "../../base/bounded-map.ts";

/** A place in the isolate's order of requests to the log and of changes it learned: a clock may stand still or go back. */
export type Ticket = number;

/** The request whose answer named an incarnation. */
export interface Witness {
  /** Of the request or the purge. */
  readonly ticket: Ticket;
  /** For a copy: when the isolate that made it sent its request; -Infinity where unknown. Absent where the log itself answered. */
  readonly copiedAtMs?: number | undefined;
}

/**
 * `unproved`: it may be the earlier one, so nothing of it is taken in. `returned`: the log is again an incarnation that was left,
 * because its storage was set back.
 */
export type Standing = "same" | "later" | "unproved" | "returned";

export interface Lineage {
  /** Taken before a request or a purge is sent. */
  ticket(): Ticket;
  standing(incarnation: string, witness: Witness): Standing;
  /** Makes this the current incarnation. */
  enter(incarnation: string, nowMs: number): void;
}

/** A log is lost once in years, so more need not be remembered. An older one is still refused by its time. */
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
      // the answer to a request sent before the current incarnation was known may come from an earlier one
      if (ticket < entered) return "unproved";
      const wasLeft = left.get(incarnation) === true;
      if (copiedAtMs === undefined) return wasLeft ? "returned" : "later";
      return !wasLeft && copiedAtMs > enteredAtMs ? "later" : "unproved";
    },
    enter(incarnation, nowMs) {
      if (current !== undefined) left.set(current, true);
      current = incarnation;
      entered = ++tickets;
      enteredAtMs = nowMs;
    },
  };
}
