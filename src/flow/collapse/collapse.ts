// Owns collapsing: of concurrent requests that would fetch the same, one asks the origin; the others wait, and look up again.
import { LATE, within } from "../../base/deadline.ts";
import type { ReasonCode } from "../../http/law/reasons.ts";
import { type CacheRequest, discard } from "../cache-request.ts";
import { planFetch } from "../fetch/fetch-plan.ts";
import { patienceFor } from "../fetch/patience.ts";
import { isUnstorable } from "../fetch/unstorable.ts";
import { crowdKey } from "../lookup/expected-key.ts";
import { lookUp, needsOrigin } from "../lookup/lookup.ts";
import { timed } from "../support/timings.ts";
import { tellEndings } from "./ending.ts";
import type { FlightEnding, Follower, Leader } from "./flights.ts";
import { shareFailure } from "./share-failure.ts";
import { type Led, underLease } from "./under-lease.ts";
import type { Ways } from "./ways.ts";

/** How often a request waits for another's fetch, before it fetches for itself. */
const MAX_WAITS = 4;

/** Answers a request that needs the origin: by a fetch of its own, or from what another request's fetch stored. */
export async function collapse(first: CacheRequest, ways: Ways): Promise<Response> {
  let request = first;
  let failures = 0;
  let waitedFor: ReasonCode | undefined;
  let last: FlightEnding["kind"] | undefined;
  for (let waits = 0; ; waits++) {
    // an answer that was just stored and must be validated all the same can be shared with nobody
    const mayShare = last !== "stored" || request.verdict.verdict !== "revalidate";
    const flight = waits < MAX_WAITS && last !== "unshared" && mayShare ? join(request) : undefined;
    /* oxlint-disable no-await-in-loop -- each round follows the end of another's fetch */
    if (!flight) return (await ways.fetch(request)).response;
    if (flight.role === "leader") {
      const led = await lead(flight, request, ways, waitedFor);
      if (led.response) return led.response;
      if ((await led.result).kind === "unshared") last = "unshared";
    } else {
      // a stream must not stay open meanwhile
      discard(request.found);
      const ending = await timed(request.exchange, "wait", endOf(request, flight));
      if (ending === LATE) return shareFailure(request, ways, "origin-timeout", "stale-if-slow");
      last = ending.kind;
      if (ending.kind === "failed") {
        failures += 1;
        // one retry for all followers; after that, no request asks a dead origin again
        if (ending.final || failures > 1) return shareFailure(request, ways, ending.failure);
      }
    }
    waitedFor ??= request.verdict.reason;
    request = await lookUp(request);
    /* oxlint-enable no-await-in-loop */
    if (!needsOrigin(request)) return ways.answer(request, waitedFor);
  }
}

/** `undefined`: the answer may be for this client alone, so the request fetches by itself. */
function join(request: CacheRequest): Leader | Follower | undefined {
  const { edge, facts, rule, lookedUpAt } = request;
  const { method, hasAuthorization, hasSession, directives } = facts;
  const insists = rule.honourClient && (directives.noCache || directives.noStore);
  if (method !== "GET" || hasAuthorization || hasSession || insists) return undefined;
  // lately there was nothing to share
  if (isUnstorable(request)) return undefined;
  if (planFetch(request, false).conditions.length > 0) return undefined;
  return edge.collapsing.flights.join(crowdKey(request), lookedUpAt);
}

/** The flight ends as the fetch does. The leader's client may leave: the fetch goes on for the followers. */
function lead(flight: Leader, request: CacheRequest, ways: Ways, waitedFor: ReasonCode | undefined): Promise<Led> {
  const led = underLease(request, ways, flight.isAwaited, waitedFor);
  request.exchange.background(tellEndings(led, flight.end));
  return led;
}

/** How long a request waits for another's fetch, body included, milliseconds; then it fetches for itself. */
const WAIT_MS = 15_000;

/** `LATE`: the flight lasts longer than the request has patience, and something stale may stand in. */
async function endOf(request: CacheRequest, { ended, startedAtMs }: Follower): Promise<FlightEnding | typeof LATE> {
  const { edge } = request;
  const patienceMs = patienceFor(request);
  if (patienceMs === undefined) {
    const ending = await within(edge.clock.timeout(WAIT_MS), ended);
    return ending === LATE ? { kind: "unshared" } : ending;
  }
  // a follower that comes later need not wait as long again
  const leftMs = Math.max(0, startedAtMs + patienceMs - edge.clock.now());
  return within(edge.clock.timeout(Math.min(leftMs, WAIT_MS)), ended);
}
