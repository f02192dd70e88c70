// Owns flights: fetches under way that other requests of this isolate may wait for.
import { hash64 } from "../../http/message/hash.ts";
import type { CacheKey } from "../../http/select/key.ts";
import type { Failure } from "../../http/law/settle.ts";

/** How a flight ended for those who waited. Nothing of its answer is handed over: each looks it up and judges it for itself. */
export type Landing =
  /** Look again. */
  | { readonly kind: "stored" }
  /** It is for the leader alone: fetch for yourself. */
  | { readonly kind: "unshared" }
  /** Its client holds it up: look again, and lead if nobody else does. It may store all the same. */
  | { readonly kind: "stalled" }
  /** Nothing was stored, which says nothing of the next fetch: look again, and wait for that one. */
  | { readonly kind: "again" }
  /** `final`: the one retry has been made, or would be in vain. */
  | { readonly kind: "failed"; readonly reason: Failure; readonly final: boolean };

export interface Land {
  /** Further calls do nothing, but that one that stalled may still store. `filed`: resolves when other isolates can find what was stored. */
  (landing: Landing, filed?: () => Promise<void>): void;
  /** Whether anybody waits for this fetch besides the one who leads it. */
  readonly isAwaited: () => boolean;
}

export type JoinedFlight =
  | { readonly role: "leader"; readonly key: CacheKey; readonly land: Land }
  | { readonly role: "follower"; readonly landed: Promise<Landing>; readonly startedAtMs: number };

/** A moment in this isolate's order of landings; not a clock. */
export type Moment = number;

export interface Flights {
  moment(): Moment;
  /** How many have not landed. */
  underWay(): number;
  /**
   * The flight under way under this key, or a new one that the caller leads and must land. One that has stored something since the
   * caller looked (`lookedAt`) counts as under way: there is something to find.
   */
  join(key: CacheKey, lookedAt: Moment): JoinedFlight;
}

/** How long a follower waits, roughly: nobody hears that its client has left. */
const FOLLOWED_MS = 15_000;
/** A leader that has not landed by then was cut off by the platform. */
const FLIGHT_LIMIT_MS = 30_000;
/** A look lasts for a second at most, tiers that hang included: so many landings are remembered. */
const REMEMBERED = 1000;

interface Flight {
  readonly landed: Promise<Landing>;
  readonly startedAtMs: number;
  /** When the last one came that waits for it. */
  followedAtMs: number | undefined;
}

/** Plain data and promises of it: all that requests of one isolate may share. */
export function flights(now: () => number): Flights {
  const under = new Map<CacheKey, Flight>();
  /** By hash, for keys are as long as clients like: when something was stored under it; the oldest first. */
  const stored = new Map<string, Moment>();
  let current: Moment = 0;

  function remember(key: CacheKey): void {
    current += 1;
    const id = hash64(key);
    stored.delete(id);
    stored.set(id, current);
    const [oldest] = stored.keys();
    if (stored.size > REMEMBERED && oldest !== undefined) stored.delete(oldest);
  }

  /** The oldest come first. */
  function forgetLost(): void {
    for (const [key, { startedAtMs }] of under) {
      if (now() - startedAtMs < FLIGHT_LIMIT_MS) return;
      under.delete(key);
    }
  }

  return {
    moment: () => current,
    underWay: () => under.size,
    join(key, lookedAt) {
      forgetLost();
      const running = under.get(key);
      if (running) {
        running.followedAtMs = now();
        return { role: "follower", landed: running.landed, startedAtMs: running.startedAtMs };
      }
      if ((stored.get(hash64(key)) ?? 0) > lookedAt) {
        return { role: "follower", landed: Promise.resolve({ kind: "stored" }), startedAtMs: now() };
      }
      const { promise, resolve } = Promise.withResolvers<Landing>();
      const flight: Flight = { landed: promise, startedAtMs: now(), followedAtMs: undefined };
      under.set(key, flight);
      let last: Landing["kind"] | undefined;
      const isAwaited = (): boolean => {
        return flight.followedAtMs !== undefined && Math.abs(now() - flight.followedAtMs) < FOLLOWED_MS;
      };
      const settle = (landing: Landing): void => {
        if (last !== undefined && last !== "stalled") return;
        last = landing.kind;
        if (under.get(key) === flight) under.delete(key);
        if (landing.kind === "stored") remember(key);
        resolve(landing);
      };
      return { role: "leader", key, land: Object.assign(settle, { isAwaited }) };
    },
  };
}
