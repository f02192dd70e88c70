// Owns the read of one entry: a hit, or one load for all who wait for it, here and in other processes.
import type { Entries, Found, Place } from "./entries.ts";
import type { CacheAddress, CacheKeyBuilder } from "./key.ts";
import { nextFlight, singleFlight } from "./single-flight.ts";
import type { Keeping, Verdicts } from "./verdict.ts";

export type CacheOutcome = "hit" | "miss" | "bypass";
export interface Reading<T> {
  readonly value: T | undefined;
  readonly outcome: CacheOutcome;
  readonly cacheMs: number;
  /** Undefined when the database was not asked. */
  readonly databaseMs: number | undefined;
}
export type Query<T> = Keeping<T> & {
  readonly address: CacheAddress;
  readonly variant: string;
  readonly parse: (value: unknown) => T | undefined;
  readonly load: () => Promise<T | undefined>;
};

interface Parts {
  readonly entries: Entries;
  readonly verdicts: Verdicts;
  readonly keys: CacheKeyBuilder;
  readonly random: () => number;
  readonly monotonicMs: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
  readonly patienceMs: number;
}

type Answer<T> = Omit<Reading<T>, "cacheMs">;
interface Lease {
  readonly generation: string;
  readonly token: string | undefined;
}

const SHORTEST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 80;

/** Grows each time, half of it at random, so that waiters do not return together. */
function pauseMsOf(attempt: number, random: () => number): number {
  return Math.min(SHORTEST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS) * (0.5 + 0.5 * random());
}

function createLoad({ entries, verdicts, monotonicMs }: Parts) {
  const timed = async <T>(query: Query<T>, outcome: "miss" | "bypass"): Promise<Answer<T>> => {
    const startMs = monotonicMs();
    const value = await query.load();
    return { value, outcome, databaseMs: monotonicMs() - startMs };
  };
  return {
    unkept: <T>(query: Query<T>): Promise<Answer<T>> => timed(query, "bypass"),
    async kept<T>(query: Query<T>, lease: Lease): Promise<Answer<T>> {
      const { address, variant } = query;
      try {
        const answer = await timed(query, "miss");
        const verdict = verdicts.of(answer.value, query);
        if (lease.token !== undefined || verdict.what !== "unshared") {
          await entries.settle([{ address, variant, ...lease, verdict }]);
        }
        return answer;
      } catch (error) {
        // Lets waiters go on before the lease runs out.
        if (lease.token !== undefined) {
          await entries.settle([{ address, variant, ...lease, verdict: { what: "failed" } }]);
        }
        throw error;
      }
    },
  };
}

/** Turns a look into an answer, without joining other readers. */
function createAnswers(parts: Parts) {
  const { entries, random, pause, patienceMs } = parts;
  const load = createLoad(parts);

  const look = async <T>(place: Place, query: Query<T>): Promise<Found<T> | undefined> =>
    (await entries.look([place], "lease", query.parse))?.[0];

  const conclude = async <T>(query: Query<T>, found: Found<T> | undefined): Promise<Answer<T>> => {
    switch (found?.status) {
      case "value":
        return { value: found.value, outcome: "hit", databaseMs: undefined };
      case "none":
        return { value: undefined, outcome: "hit", databaseMs: undefined };
      case "lead":
        return load.kept(query, found);
      case "lend":
      case "wait":
        return load.kept(query, { generation: found.generation, token: undefined });
      case "unreadable":
      case undefined:
        return load.unkept(query);
    }
  };

  /** Ends when the entry appears, when the lease of a dead holder passes to this reader, or out of patience. */
  const wait = async <T>(place: Place, query: Query<T>): Promise<Answer<T>> => {
    let [waitedMs, attempt] = [0, 0];
    let found: Found<T> | undefined;
    do {
      const pauseMs = pauseMsOf(attempt, random);
      await pause(pauseMs);
      waitedMs += pauseMs;
      attempt += 1;
      found = await look(place, query);
    } while (found?.status === "wait" && waitedMs < patienceMs);
    return conclude(query, found);
  };

  return { look, conclude, wait };
}

export function createReadOne(parts: Parts) {
  const { keys, monotonicMs } = parts;
  const { look, conclude, wait } = createAnswers(parts);
  // Named by address, variant and generation, so that a read that begins after a removal never joins a load from before
  // it, whichever process removed.
  const flights = singleFlight<Answer<unknown>>();
  // Without Redis this process cannot learn of other processes' removals, so readers join only loads that begin after
  // them.
  const blindFlights = nextFlight<Answer<unknown>>();

  const answerTo = async <T>(place: Place, query: Query<T>): Promise<Answer<unknown>> => {
    const name = keys.variantKey(place.address, place.variant);
    const found = await look(place, query);
    switch (found?.status) {
      case "value":
      case "none":
        return conclude(query, found);
      case "lead":
        return flights.lead(`${name}\n${found.generation}`, () => conclude(query, found));
      case "lend":
        return flights.join(`${name}\n${found.generation}`, () => conclude(query, found));
      case "wait":
        return flights.join(`${name}\n${found.generation}`, () => wait(place, query));
      case "unreadable":
      case undefined:
        return blindFlights(name, () => conclude(query, found));
    }
  };

  return async <T>(query: Query<T>): Promise<Reading<T>> => {
    const startMs = monotonicMs();
    const { address, variant } = query;
    const { value, outcome, databaseMs } = await answerTo({ address, variant }, query);
    const cacheMs = Math.max(0, monotonicMs() - startMs - (databaseMs ?? 0));
    // The joined caller's query typed the answer, so this query's parser checks it again.
    return { value: value === undefined ? undefined : query.parse(value), outcome, cacheMs, databaseMs };
  };
}
