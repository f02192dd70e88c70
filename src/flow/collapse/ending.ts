// Owns the table from the result of a fetch to the ending of its flight, for followers in this isolate and in others.
import type { Fetched, FetchResult } from "../fetch/fetched.ts";
import type { FlightEnding } from "./flights.ts";

const UNSHARED: FlightEnding = { kind: "unshared" };
const AGAIN: FlightEnding = { kind: "again" };

/** How a fetch ends, or the wait for another isolate's fetch. Its response belongs to the leader alone. */
export type Ended = Omit<Fetched, "response">;

/**
 * Calls `tell` with "stalled" when the client holds the fetch up, and with the ending when the fetch ends. Never rejects: if the edge
 * itself fails, the ending is "unshared" and followers fetch for themselves.
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
  // after other failures the edge has asked twice, or should not ask at all. An invalid answer is worth one retry
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
