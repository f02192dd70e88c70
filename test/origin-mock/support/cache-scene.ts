// Owns the things tests of the application cache share: a query about one text, caches as of several processes, barriers.
import { createCacheAside } from "../../../origin-mock/cache/cache-aside.ts";
import type { CacheAside, CacheParts, Query } from "../../../origin-mock/cache/cache-aside.ts";
import { cacheKey } from "../../../origin-mock/cache/key.ts";
import type { RedisPort } from "../../../origin-mock/cache/port.ts";

export const ADDRESS = { entity: "product", id: "7" } as const;
export const KEY = cacheKey(ADDRESS);
export const quiet = (): void => undefined;
export const parseText = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
export const query = (load: () => Promise<string | undefined>, more: Partial<Query<string>> = {}): Query<string> => ({
  address: ADDRESS,
  variant: "",
  ttlMs: 60_000,
  parse: parseText,
  load,
  ...more,
});
export const never = (): Promise<string> => Promise.reject(new Error("the database was asked"));
export const barrier = <T = void>() => Promise.withResolvers<T>();

export const cacheOver = (redis: RedisPort, more: Partial<CacheParts> = {}): CacheAside =>
  createCacheAside({ redis, random: () => 0, monotonicMs: () => performance.now(), report: quiet, ...more });

/** A load that says when it began and ends as told. */
export const gatedLoad = () => {
  const [began, gate] = [barrier(), barrier<string | undefined>()];
  let calls = 0;
  return {
    load: (): Promise<string | undefined> => {
      calls += 1;
      began.resolve();
      return gate.promise;
    },
    began: began.promise,
    end: gate.resolve,
    fail: gate.reject,
    calls: (): number => calls,
  };
};
