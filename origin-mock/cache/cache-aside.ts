// Owns reading through Redis: ask the cache, else the database, then fill. Redis can slow a read down, never fail it.
import { setTimeout as timer } from "node:timers/promises";
import { messageOf } from "../error.ts";
import { createEntries, type Fence } from "./entries.ts";
import { type CacheAddress, type CacheKeyBuilder, type Entity, SHOP_KEYS } from "./key.ts";
import { parsePattern } from "./pattern.ts";
import type { RedisPort } from "./port.ts";
import { createReadMany, type ManyQuery, type ManyReading } from "./read-many.ts";
import { createReadOne, type Query, type Reading } from "./read-one.ts";
import { createRemovals, type Target, type Removal } from "./removals.ts";
import { createVerdicts } from "./verdict.ts";

export type { Query, Reading } from "./read-one.ts";
export type Replacement =
  | { readonly status: "written" }
  /** Another change won, or Redis did not answer: the next read loads the value. */
  | { readonly status: "removed"; readonly removal: Removal };

export interface CacheAside {
  read<T>(query: Query<T>): Promise<Reading<T>>;
  /** One round trip for the cached values, one load for all the others. */
  readMany<T>(query: ManyQuery<T>): Promise<ManyReading<T>>;
  /** Reads without loading. Undefined for a miss, and when Redis does not answer. */
  peek<T>(query: Pick<Query<T>, "address" | "variant" | "parse">): Promise<T | undefined>;
  remove(addresses: readonly CacheAddress[]): Promise<Removal>;
  /** Every address of these entities. */
  removeEntities(entities: readonly Entity[]): Promise<Removal>;
  /** @throws InvalidArgument when the pattern would need a search; see pattern.ts. */
  removePattern(pattern: string): Promise<Removal>;
  /** Ends everything that is cached, in every process and every version of the schema. */
  bumpVersion(): Promise<Removal>;
  /** Take it before the change begins. Undefined when Redis does not answer. */
  fence(address: CacheAddress): Promise<Fence | undefined>;
  /**
   * Call it after the commit. Writes the changed value if nothing else has changed the address since the fence was
   * taken, and removes the address otherwise. Of two concurrent changes the later call removes, so their order does
   * not matter.
   */
  replace(address: CacheAddress, change: Change): Promise<Replacement>;
  /**
   * Makes the removals that Redis has not confirmed yet. Rejects when it cannot, and readers then get the database's
   * value.
   */
  pay(): Promise<void>;
  /**
   * Call it on every new connection. Makes the removals that Redis has not confirmed yet, and drops everything if
   * another server answers now than the one that confirmed the earlier ones.
   */
  settle(): Promise<void>;
}
export interface Change {
  readonly fence: Fence | undefined;
  readonly variant: string;
  readonly value: unknown;
  readonly ttlMs: number;
}

export interface CacheParts {
  readonly redis: RedisPort;
  /** [0, 1). */
  readonly random: () => number;
  readonly monotonicMs: () => number;
  readonly report: (what: string, error: unknown) => void;
  readonly pause?: (ms: number) => Promise<unknown>;
  readonly keys?: CacheKeyBuilder;
  /** Caps every lifetime, and so bounds how long another process may read an entry whose removal was lost. */
  readonly maxTtlMs?: number;
  /** How long other processes wait for a loader that has died. */
  readonly leaseMs?: number;
  /** How long a reader waits for another's load before it loads itself. */
  readonly patienceMs?: number;
}

const MAX_TTL_MS = 300_000;
const LEASE_MS = 1_000;
const PATIENCE_MS = 2_000;

export function createCacheAside(parts: CacheParts): CacheAside {
  const { redis, random, monotonicMs, report, keys = SHOP_KEYS, pause = timer } = parts;
  const { maxTtlMs = MAX_TTL_MS, leaseMs = LEASE_MS, patienceMs = PATIENCE_MS } = parts;
  const removals = createRemovals(redis, keys);
  const entries = createEntries({ redis, keys, removals, leaseMs, report });
  const verdicts = createVerdicts({ random, maxTtlMs, leaseMs });
  const readOne = createReadOne({ entries, verdicts, keys, random, monotonicMs, pause, patienceMs });
  const readMany = createReadMany({ entries, verdicts, monotonicMs });

  const removeTargets = async (targets: readonly Target[]): Promise<Removal> => {
    removals.add(targets);
    try {
      await removals.pay();
      return { status: "done", keys: targets.length };
    } catch (error) {
      report("redis delete", error);
      return { status: "deferred", keys: targets.length, reason: messageOf(error) };
    }
  };
  const remove = (addresses: readonly CacheAddress[]): Promise<Removal> =>
    removeTargets(addresses.map((address) => ({ kind: "address", address })));

  return {
    read: readOne,
    readMany,
    async peek({ parse, ...place }) {
      const [found] = (await entries.look([place], "look", parse)) ?? [];
      return found?.status === "value" ? found.value : undefined;
    },
    remove,
    removeEntities: (entities) => removeTargets(entities.map((entity) => ({ kind: "entity", entity }))),
    removePattern: async (pattern) => removeTargets([parsePattern(pattern)]),
    bumpVersion: () => removeTargets([{ kind: "everything" }]),
    fence: entries.fence,
    async replace(address, { fence, variant, value, ttlMs }) {
      const verdict = verdicts.of(value, { ttlMs });
      const written =
        fence !== undefined &&
        verdict.what === "value" &&
        (await entries.replace(fence, variant, verdict.text, verdict.lifetimeMs));
      return written ? { status: "written" } : { status: "removed", removal: await remove([address]) };
    },
    pay: removals.pay,
    settle() {
      removals.add([{ kind: "other-server" }]);
      return removals.pay().catch((error: unknown) => report("redis delete", error));
    },
  };
}
