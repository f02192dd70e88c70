// Owns request collapsing: of concurrent requests with the same flight key, one asks the origin. The others wait for it, and look up again.
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

/** A request waits for so many flights at most; then it fetches for itself. */
const MAX_WAITS = 4;

/** Answers a request that needs the origin: by a fetch of its own, or from what another request's fetch stored. */
export async function collapse(first: CacheRequest, ways: Ways): Promise<Response> {
  let request = first;
  let failures = 0;
  let waitedFor: ReasonCode | undefined;
  let last: FlightEnding["kind"] | undefined;
  for (let waits = 0; ; waits++) {
    // a response that was stored a moment ago and must be validated already is validated alone: mostly each request has to, and only a
    // purge during the flight could make one validation do for all
    const mayShare = last !== "stored" || request.verdict.verdict !== "revalidate";
    const flight = waits < MAX_WAITS && last !== "unshared" && mayShare ? join(request) : undefined;
    /* oxlint-disable no-await-in-loop -- each round follows the end of another's fetch */
    if (!flight) return (await ways.fetch(request)).response;
    if (flight.role === "leader") {
      const led = await lead(flight, request, ways, waitedFor);
      if (led.response) return led.response;
      // after "stored" this request joins the flight of its own variant; after "unshared" it fetches alone
      if ((await led.result).kind === "unshared") last = "unshared";
    } else {
      // a stream must not stay open meanwhile
      discard(request.found);
      const ending = await timed(request.exchange, "wait", endOf(request, flight));
      if (ending === LATE) return shareFailure(request, ways, "origin-timeout", "stale-if-slow");
      last = ending.kind;
      if (ending.kind === "failed") {
        failures += 1;
        // each follower sees two failed flights at most
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
  // the answer will not be stored, so followers would wait for nothing
  if (isUnstorable(request)) return undefined;
  if (planFetch(request, false).conditions.length > 0) return undefined;
  return edge.collapsing.flights.join(crowdKey(request), lookedUpAt);
}

/** Fetches, and ends the flight when the fetch ends. If the leader's client leaves, the fetch goes on for the followers. */
function lead(flight: Leader, request: CacheRequest, ways: Ways, waitedFor: ReasonCode | undefined): Promise<Led> {
  const led = underLease(request, ways, flight.isAwaited, waitedFor);
  request.exchange.background(tellEndings(led, flight.end));
  return led;
}

/** How long a follower waits for a flight, body included, milliseconds. Then it fetches for itself. */
const WAIT_MS = 15_000;

/** `LATE`: the follower's patience is over. Before the wait, a stale response could stand in. */
async function endOf(request: CacheRequest, { ended, startedAtMs }: Follower): Promise<FlightEnding | typeof LATE> {
  const { edge } = request;
  const patienceMs = patienceFor(request);
  if (patienceMs === undefined) {
    const ending = await within(edge.clock.timeout(WAIT_MS), ended);
    return ending === LATE ? { kind: "unshared" } : ending;
  }
  // patience counts from the leader's start: a later follower waits only for the rest of it
  const leftMs = Math.max(0, startedAtMs + patienceMs - edge.clock.now());
  return within(edge.clock.timeout(Math.min(leftMs, WAIT_MS)), ended);
}
