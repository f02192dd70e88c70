// Owns how routes read values and which headers they send, under one policy. Its tiers are the application cache and the database.
import type { CacheAside, Replacement } from "./cache-aside.ts";
import type { Fence } from "./entries.ts";
import type { CacheAddress } from "./key.ts";
import type { ManyQuery, ManyReading } from "./read-many.ts";
import type { Query, Reading } from "./read-one.ts";
import { policyHeaders, type TierPolicy } from "./tier-policy.ts";

export type PolicyQuery<T> = Omit<Query<T>, "ttlMs"> & { readonly policy: TierPolicy };
export type PolicyManyQuery<T> = Omit<ManyQuery<T>, "ttlMs"> & { readonly policy: KeptPolicy };
/** A policy under which some tier stores the answer. */
export type KeptPolicy = Exclude<TierPolicy, { readonly audience: "nobody" }>;
export interface Written {
  readonly policy: TierPolicy;
  /** Taken by `fence` before the change began. */
  readonly fence: Fence | undefined;
  readonly address: CacheAddress;
  readonly variant: string;
  readonly value: unknown;
}

export interface MultiTierCache {
  /** Reads through the application cache for as long as the policy says. A policy for nobody reads the database. */
  get<T>(query: PolicyQuery<T>): Promise<Reading<T>>;
  /** Reads many of one entity: one round trip, one load for all that are missing. */
  getMany<T>(query: PolicyManyQuery<T>): Promise<ManyReading<T>>;
  fence(address: CacheAddress): Promise<Fence | undefined>;
  /**
   * Writes through after the commit. It never overwrites a newer removal or write: if the address has changed since
   * the fence, it is removed and the next `get` loads it. Other variants of the address are removed in any case.
   */
  set(written: Written): Promise<Replacement>;
  /** Cache-Control, CDN-Cache-Control, Vary and Cache-Tag. @throws InvalidArgument for a tag that would not arrive as one. */
  headers(policy: TierPolicy, tags: readonly string[]): Readonly<Record<string, string>>;
}

interface Parts {
  readonly cache: Pick<CacheAside, "read" | "readMany" | "remove" | "fence" | "replace">;
  readonly monotonicMs: () => number;
}

export function createMultiTierCache({ cache, monotonicMs }: Parts): MultiTierCache {
  return {
    async get({ policy, ...query }) {
      if (policy.audience !== "nobody") return cache.read({ ...query, ttlMs: policy.application * 1_000 });
      const startMs = monotonicMs();
      const value = await query.load();
      return { value, outcome: "bypass", cacheMs: 0, databaseMs: monotonicMs() - startMs };
    },
    getMany: ({ policy, ...query }) => cache.readMany({ ...query, ttlMs: policy.application * 1_000 }),
    fence: cache.fence,
    async set({ policy, address, ...change }) {
      if (policy.audience === "nobody") return { status: "removed", removal: await cache.remove([address]) };
      return cache.replace(address, { ...change, ttlMs: policy.application * 1_000 });
    },
    headers: policyHeaders,
  };
}
