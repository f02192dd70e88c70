// Owns flights: fetches under way that other requests of this isolate may wait for.
import { boundedMap } from "../../base/bounded-map.ts";
import { hash64 } from "../../http/message/hash.ts";
import type { CacheKey } from "../../http/select/key.ts";
import type { Failure } from "../../http/law/settle.ts";

/** How a flight ended for its followers. It hands over nothing of its answer: each follower looks that up and judges it for itself. */
export type FlightEnding =
  /** Look up again. */
  | { readonly kind: "stored" }
  /** The answer is for the leader alone: fetch for yourself. */
  | { readonly kind: "unshared" }
  /** The leader's client holds the fetch up: look up again, and lead if nobody else does. The fetch may store its answer all the same. */
  | { readonly kind: "stalled" }
  /** Nothing was stored, which says nothing of the next fetch: look up again, and wait for that one. */
  | { readonly kind: "again" }
  /** `final`: the one retry has been made, or would be in vain. */
  | { readonly kind: "failed"; readonly failure: Failure; readonly final: boolean };

export interface Leader {
  readonly role: "leader";
  /** Whether any follower waits. */
  readonly isAwaited: () => boolean;
  /** Further calls do nothing, except that a flight that stalled may still end as stored. */
  readonly end: (ending: FlightEnding) => void;
}

export interface Follower {
  readonly role: "follower";
  readonly ended: Promise<FlightEnding>;
  /** When the leader began, milliseconds since 1970. */
  readonly startedAtMs: number;
}

/** A moment in this isolate's order of flights; not a clock. */
export type Moment = number;

export interface Flights {
  moment(): Moment;
  /** Flights that have not ended. */
  underWay(): number;
  /**
   * The flight under way under this key, or a new one that the caller leads and must end. A flight that has stored something since the
   * caller looked (`lookedUpAt`) counts as under way: there is something to find.
   */
  join(key: CacheKey, lookedUpAt: Moment): Leader | Follower;
}

/** How long a follower waits, roughly. The leader is not told when a follower's client leaves. */
const FOLLOWED_MS = 15_000;
/** The platform has cut off a leader that has not ended by then. */
const FLIGHT_LIMIT_MS = 30_000;
/** A lookup lasts a second at most, tiers that hang included: so many flights are remembered. */
const REMEMBERED = 1000;

interface Flight {
  readonly ended: Promise<FlightEnding>;
  readonly startedAtMs: number;
  /** When the latest follower came. */
  followedAtMs: number | undefined;
}

/** Plain data and promises of it: requests of one isolate may share nothing else. */
export function flights(now: () => number): Flights {
  const under = new Map<CacheKey, Flight>();
  /** When something was stored under a key, by the key's hash: clients choose how long keys are. */
  const stored = boundedMap<string, Moment>(REMEMBERED);
  let current: Moment = 0;

  /** The oldest come first. */
  function forgetLost(): void {
    for (const [key, { startedAtMs }] of under) {
      if (now() - startedAtMs < FLIGHT_LIMIT_MS) return;
      under.delete(key);
    }
  }

  function lead(key: CacheKey): Leader {
    const { promise, resolve } = Promise.withResolvers<FlightEnding>();
    const flight: Flight = { ended: promise, startedAtMs: now(), followedAtMs: undefined };
    under.set(key, flight);
    let last: FlightEnding["kind"] | undefined;
    return {
      role: "leader",
      isAwaited: () => flight.followedAtMs !== undefined && Math.abs(now() - flight.followedAtMs) < FOLLOWED_MS,
      end(ending) {
        if (last !== undefined && last !== "stalled") return;
        last = ending.kind;
        if (under.get(key) === flight) under.delete(key);
        if (ending.kind === "stored") stored.set(hash64(key), ++current);
        resolve(ending);
      },
    };
  }

  return {
    moment: () => current,
    underWay: () => under.size,
    join(key, lookedUpAt) {
      forgetLost();
      const running = under.get(key);
      if (running) {
        running.followedAtMs = now();
        return { role: "follower", ended: running.ended, startedAtMs: running.startedAtMs };
      }
      if ((stored.get(hash64(key)) ?? 0) <= lookedUpAt) return lead(key);
      return { role: "follower", ended: Promise.resolve({ kind: "stored" }), startedAtMs: now() };
    },
  };
}
