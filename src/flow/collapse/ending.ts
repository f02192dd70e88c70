// Owns the ending of a flight: the one reading of how a fetch ended, for followers in this isolate and in others.
import type { Fetched, FetchResult } from "../fetch/fetched.ts";
import type { FlightEnding } from "./flights.ts";

const UNSHARED: FlightEnding = { kind: "unshared" };
const AGAIN: FlightEnding = { kind: "again" };

/** A fetch, or the wait for one of another isolate, by its end alone. */
export type Ended = Omit<Fetched, "response">;

/**
 * Tells how a fetch ended; before that, if its client holds it up, that it stalled. Resolves with the end, and never rejects: when the
 * edge itself failed, followers fetch for themselves.
 */
export async function tellEndings(
  fetching: Promise<Ended>,
  tell: (ending: FlightEnding, filed?: Fetched["filed"]) => void,
): Promise<void> {
  try {
    const { result, stalled, filed } = await fetching;
    void stalled?.then(() => tell({ kind: "stalled" }));
    tell(endingOf(await result), filed);
  } catch {
    tell(UNSHARED);
  }
}

function endingOf(result: FetchResult): FlightEnding {
  // the edge has asked twice, or should not ask at all; an invalid answer is worth one retry
  return result.kind === "failed" ? { ...result, final: result.failure !== "origin-invalid" } : ENDINGS[result.kind];
}

const ENDINGS: Readonly<Record<Exclude<FetchResult["kind"], "failed">, FlightEnding>> = {
  stored: { kind: "stored" },
  unshared: UNSHARED,
  "stood-in": { kind: "failed", failure: "origin-unreachable", final: true },
  "no-room": UNSHARED,
  // a part that no tier takes says nothing of the whole
  "no-room-for-part": AGAIN,
  refused: UNSHARED,
  unwanted: AGAIN,
  broken: { kind: "failed", failure: "origin-unreachable", final: false },
};
