// Owns the memory of what could not be stored lately: nobody waits for another's fetch of it, and ranges of it go to the origin as sent.
import { isForAnybody } from "../http/anybody.ts";
import { dependsOnRequest } from "../http/finality.ts";
import { type CacheKey, variantKey } from "../http/key.ts";
import { isOfRequest, type ReasonCode } from "../http/reasons.ts";
import { flightKey } from "./flight-key.ts";
import { isAuthenticated, type Trip } from "./trip.ts";
import type { Intent } from "./upstream-request.ts";

/** How long an answer that was not to be stored speaks for the next ones. */
const UNSTORABLE_SECONDS = 60;

export function isUnstorable(trip: Trip): boolean {
  const { unstorable } = trip.edge;
  const key = flightKey(trip);
  return unstorable.has(key) || (!isForAnybody(trip.facts) && unstorable.has(amongParticular(key)));
}

/**
 * Notes an answer that was not stored for a reason of the resource. A reason that one client can provoke by how it asks leaves no mark; an
 * answer to a request that carries something of its client's own counts for requests of that kind alone.
 */
export function noteUnstorable(trip: Trip, { conditions }: Intent, status: number, reason: ReasonCode): void {
  const { edge, facts } = trip;
  const asksForWhole = facts.method === "GET" && conditions.length === 0;
  if (!asksForWhole || isAuthenticated(facts) || isOfRequest(reason) || dependsOnRequest(status)) return;
  const key = flightKey(trip);
  edge.unstorable.mark(isForAnybody(facts) ? key : amongParticular(key), UNSTORABLE_SECONDS);
}

/** Notes a body that no tier takes. */
export function noteTooLarge(trip: Trip): void {
  trip.edge.unstorable.mark(flightKey(trip), UNSTORABLE_SECONDS);
}

export function noteStored(trip: Trip): void {
  trip.edge.unstorable.forget(flightKey(trip));
}

function amongParticular(key: CacheKey): CacheKey {
  return variantKey(key, "particular", {});
}
