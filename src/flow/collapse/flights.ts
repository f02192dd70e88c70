// Owns flights: fetches under way that other requests of this isolate may wait for.
import { boundedMap } from "../../base/bounded-map.ts";
import { hash64 } from "../../http/message/hash.ts";
import type { CacheKey } from "../../http/select/key.ts";
import type { Failure } from "../../http/law/settle.ts";

/** How a flight ended, and what its followers do next. It carries no answer: each follower looks up and judges for itself. */
export type FlightEnding =
  /** The store has the answer: the follower looks up again. */
  | { readonly kind: "stored" }
  /** The answer is for the leader alone: the follower fetches for itself. */
  | { readonly kind: "unshared" }
  /** The leader's client holds the fetch up: the follower looks up again, and leads if nobody else does. The answer may still be stored. */
  | { readonly kind: "stalled" }
  /** Nothing was stored, but the next fetch may store: the follower looks up again, and joins the next flight. */
  | { readonly kind: "again" }
  /** `final`: no follower retries. The one retry has been made, or would fail, too. */
  | { readonly kind: "failed"; readonly failure: Failure; readonly final: boolean };

export interface Leader {
  readonly role: "leader";
  /** Whether a follower joined within the last 15 s, and so may still wait. */
  readonly isAwaited: () => boolean;
  /** The first call ends the flight; only a stalled flight can end once more. */
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
   * Joins the flight of this key; the first caller leads a new one and must end it. Where a flight has stored something since the
   * caller's lookup (`lookedUpAt`), the caller follows that one, which has ended: another lookup finds the response.
   */
  join(key: CacheKey, lookedUpAt: Moment): Leader | Follower;
}

/** How long a follower may wait. The leader never learns that a follower's client left, so it counts each follower for this long. */
const FOLLOWED_MS = 15_000;
/** A leader that has not ended by then was cut off by the platform. */
const FLIGHT_LIMIT_MS = 30_000;
/** Keys remembered as stored. A lookup lasts a second at most, so older ones are of no use. */
const REMEMBERED = 1000;

interface Flight {
  readonly ended: Promise<FlightEnding>;
  readonly startedAtMs: number;
  /** When the latest follower joined, milliseconds since 1970. */
  followedAtMs: number | undefined;
}

/** Holds only plain data and promises of it: the platform lets requests share no streams or responses. */
export function flights(now: () => number): Flights {
  const byKey = new Map<CacheKey, Flight>();
  /** When something was stored under a key, by the key's hash: clients choose how long keys are. */
  const stored = boundedMap<string, Moment>(REMEMBERED);
  let current: Moment = 0;

  /** Drops flights whose leader was cut off. The map has the oldest flights first. */
  function forgetLost(): void {
    for (const [key, { startedAtMs }] of byKey) {
      if (now() - startedAtMs < FLIGHT_LIMIT_MS) return;
      byKey.delete(key);
    }
  }

  function lead(key: CacheKey): Leader {
    const { promise, resolve } = Promise.withResolvers<FlightEnding>();
    const flight: Flight = { ended: promise, startedAtMs: now(), followedAtMs: undefined };
    byKey.set(key, flight);
    let last: FlightEnding["kind"] | undefined;
    return {
      role: "leader",
      isAwaited: () => flight.followedAtMs !== undefined && Math.abs(now() - flight.followedAtMs) < FOLLOWED_MS,
      end(ending) {
        if (last !== undefined && last !== "stalled") return;
        last = ending.kind;
        if (byKey.get(key) === flight) byKey.delete(key);
        if (ending.kind === "stored") stored.set(hash64(key), ++current);
        resolve(ending);
      },
    };
  }

  return {
    moment: () => current,
    underWay: () => byKey.size,
    join(key, lookedUpAt) {
      forgetLost();
      const running = byKey.get(key);
      if (running) {
        running.followedAtMs = now();
        return { role: "follower", ended: running.ended, startedAtMs: running.startedAtMs };
      }
      if ((stored.get(hash64(key)) ?? 0) <= lookedUpAt) return lead(key);
      return { role: "follower", ended: Promise.resolve({ kind: "stored" }), startedAtMs: now() };
    },
  };
}
