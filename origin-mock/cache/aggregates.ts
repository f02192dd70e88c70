// Owns cached aggregates: the ratings of products, which change on their own schedule and have a short lifetime of their own.
import { parseRating, type Rating } from "../catalogue/rating.ts";
import type { CacheAddress } from "./key.ts";
import type { KeptPolicy, MultiTierCache } from "./multi-tier-cache.ts";
import type { ManyReading } from "./read-many.ts";

export function ratingAddress(productId: number): CacheAddress {
  return { entity: "rating", id: String(productId) };
}

const UNRATED_MS = 30_000;

export interface Ratings {
  /** By product id. A product without reviews is absent. */
  of(productIds: readonly number[]): Promise<ManyReading<Rating>>;
}

export function createRatings(parts: {
  readonly cache: Pick<MultiTierCache, "getMany">;
  readonly policy: KeptPolicy;
  readonly load: (productIds: readonly number[]) => Promise<ReadonlyMap<number, Rating>>;
}): Ratings {
  return {
    of: (productIds) =>
      parts.cache.getMany({
        entity: "rating",
        ids: productIds.map(String),
        variant: "",
        policy: parts.policy,
        negativeMs: UNRATED_MS,
        parse: parseRating,
        load: async (ids) => {
          const loaded = await parts.load(ids.map(Number));
          return new Map([...loaded].map(([id, rating]) => [String(id), rating]));
        },
      }),
  };
}
