// Owns reading through Redis: ask the cache, else the database, then fill. Redis can slow a read down, never fail it.
import { randomUUID } from "node:crypto";
import { messageOf } from "../error.ts";
import { createDeletions } from "./deletions.ts";
import type { Deletions } from "./deletions.ts";
import { decodeEntry, encodeEntry } from "./envelope.ts";
import { cacheKey, variantField } from "./key.ts";
import type { CacheAddress } from "./key.ts";
import type { RedisPort } from "./port.ts";
import { FILL, OPEN } from "./scripts.ts";
import { singleFlight } from "./single-flight.ts";

export type CacheOutcome = "hit" | "miss" | "bypass";
export type Reading<T> = {
  readonly value: T | undefined;
  readonly outcome: CacheOutcome;
  readonly cacheMs: number;
  /** Undefined when the database was not asked. */
  readonly databaseMs: number | undefined;
};
export type Query<T> = {
  readonly address: CacheAddress;
  readonly variant: string;
  readonly ttlMs: number;
  readonly parse: (value: unknown) => T | undefined;
  readonly load: () => Promise<T | undefined>;
  /** What is not worth keeping (an empty page, say) is answered and forgotten. */
  readonly keep?: (value: T) => boolean;
};
export type Removal =
  | { readonly status: "done"; readonly keys: number }
  | { readonly status: "deferred"; readonly keys: number; readonly reason: string };

export type CacheAside = {
  read<T>(query: Query<T>): Promise<Reading<T>>;
  remove(addresses: readonly CacheAddress[]): Promise<Removal>;
  /** Tries the deletions that Redis has not confirmed yet. */
  settle(): Promise<void>;
};

type Parts = {
  readonly redis: RedisPort;
  /** [0, 1). */
  readonly random: () => number;
  readonly monotonicMs: () => number;
  readonly report: (what: string, error: unknown) => void;
};

const EMPTY_GENERATION_MS = 10_000;
const MOST_VARIANTS = 500;
const JITTER = 0.1;

type Opened = { readonly generation: string; readonly text: string | undefined };

const parseOpened = (reply: unknown): Opened | undefined => {
  if (!Array.isArray(reply)) return undefined;
  const [generation, text]: readonly unknown[] = reply;
  if (typeof generation !== "string") return undefined;
  return { generation, text: typeof text === "string" ? text : undefined };
};

/** The two steps that talk to Redis about one address. Neither rejects. */
const createEntries = ({ redis, random, report }: Parts, deletions: Deletions) => {
  const open = async (key: string, field: string): Promise<Opened | undefined> => {
    try {
      await deletions.flush();
      return parseOpened(await redis.eval(OPEN, [key], [field, randomUUID(), String(EMPTY_GENERATION_MS)]));
    } catch (error) {
      report("redis read", error);
      return undefined;
    }
  };

  const fill = async (key: string, field: string, generation: string, query: { ttlMs: number }, value: unknown) => {
    const lifetimeMs = Math.round(query.ttlMs * (1 - JITTER * random()));
    const args = [field, encodeEntry(value), generation, String(lifetimeMs), String(MOST_VARIANTS)];
    try {
      await redis.eval(FILL, [key], args);
    } catch (error) {
      report("redis fill", error);
    }
  };

  return { open, fill };
};

export const createCacheAside = (parts: Parts): CacheAside => {
  const { redis, monotonicMs, report } = parts;
  const flights = singleFlight<Reading<unknown>>();
  const deletions = createDeletions(redis);

  const { open, fill } = createEntries(parts, deletions);

  const readOnce = async <T>(key: string, field: string, query: Query<T>): Promise<Reading<T>> => {
    const startMs = monotonicMs();
    const opened = await open(key, field);
    const openedMs = monotonicMs();
    const cacheMs = openedMs - startMs;
    if (opened?.text !== undefined) {
      const value = decodeEntry(opened.text, query.parse);
      if (value !== undefined) return { value, outcome: "hit", cacheMs, databaseMs: undefined };
    }
    const value = await query.load();
    const databaseMs = monotonicMs() - openedMs;
    if (opened === undefined) return { value, outcome: "bypass", cacheMs, databaseMs };
    if (value !== undefined && (query.keep?.(value) ?? true)) await fill(key, field, opened.generation, query, value);
    return { value, outcome: "miss", cacheMs, databaseMs };
  };

  return {
    async read<T>(query: Query<T>): Promise<Reading<T>> {
      const key = cacheKey(query.address);
      const field = variantField(query.variant);
      const shared = await flights.run(`${key}\n${field}`, () => readOnce(key, field, query));
      if (shared.value === undefined) return { ...shared, value: undefined };
      // Another caller's reading is typed by another query: this query's own parser says what it is.
      const value = query.parse(shared.value);
      return { ...shared, value };
    },
    async remove(addresses) {
      const keys = addresses.map(cacheKey);
      deletions.add(keys);
      // A read that starts from here on must not be handed the answer of one that began before the update.
      flights.forget((name) => keys.some((key) => name.startsWith(`${key}\n`)));
      try {
        await deletions.flush();
        return { status: "done", keys: keys.length };
      } catch (error) {
        report("redis delete", error);
        return { status: "deferred", keys: keys.length, reason: messageOf(error) };
      }
    },
    settle: () => deletions.flush().catch((error: unknown) => report("redis delete", error)),
  };
};
