// Owns collapsing: of concurrent requests that would fetch the same, one asks the origin; the others wait, and look again.
import { variantKey } from "../http/key.ts";
import type { Reuse } from "../http/reuse.ts";
import { variantOf } from "../http/vary.ts";
import { wanted } from "./ask.ts";
import type { Boarded, Landing } from "./flights.ts";
import type { Trip } from "./forward.ts";
import { within } from "./within.ts";

/**
 * Boards the flight for what a request needs from the origin; `undefined` where its answer may be for this client alone, and so must
 * be fetched by itself.
 */
export function boarded({ edge, facts, rule, place }: Trip, decided: Reuse): Boarded | undefined {
  if (decided.verdict !== "fetch" && decided.verdict !== "revalidate") return undefined;
  const { method, hasAuthorization, hasSession, directives, field } = facts;
  const insists = rule.honourClient && (directives.noCache || directives.noStore);
  if (method !== "GET" || hasAuthorization || hasSession || insists) return undefined;
  // lately there was nothing to share
  if (edge.unstorable.has(place.key)) return undefined;
  if (wanted(facts, false, true).conditions.length > 0) return undefined;
  const { key, index } = place;
  return edge.flights.board(index ? variantKey(key, index.generation, variantOf(index.fields, field)) : key);
}

/** How long a request waits for another's fetch, body included; then it fetches for itself. */
const PATIENCE_MS = 15_000;

export function landedInTime(landed: Promise<Landing>): Promise<Landing> {
  return within(landed, PATIENCE_MS, { kind: "unshared" });
}
