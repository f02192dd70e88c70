// Owns the ending of a flight: the one reading of how a fetch ended, for followers in this isolate and in others.
import type { Fetched, FetchResult, NotStored } from "../fetch/fetched.ts";
import type { FlightEnding } from "./flights.ts";

const UNSHARED: FlightEnding = { kind: "unshared" };
const STALLED: FlightEnding = { kind: "stalled" };
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
    void stalled?.then(() => tell(STALLED));
    tell(endingOf(await result), filed);
  } catch {
    tell(UNSHARED);
  }
}

function endingOf(result: FetchResult): FlightEnding {
  switch (result.kind) {
    case "stored":
    case "unshared":
      return { kind: result.kind };
    case "stood-in":
      return failed("origin-unreachable", true);
    case "failed":
      // the edge has asked twice, or should not ask at all
      return failed(result.failure, result.failure !== "origin-invalid");
    case "not-stored":
      return UNSTORED[result.why](result.isPart);
  }
}

function failed(failure: (FlightEnding & { kind: "failed" })["failure"], final: boolean): FlightEnding {
  return { kind: "failed", failure, final };
}

const UNSTORED: Readonly<Record<NotStored, (isPart: boolean) => FlightEnding>> = {
  // a part that no tier takes says nothing of the whole
  declined: (isPart) => (isPart ? AGAIN : UNSHARED),
  refused: () => UNSHARED,
  unwanted: () => AGAIN,
  broken: () => failed("origin-unreachable", false),
};
