// Owns the order of invalidation: application cache, then CDN, with a result per tier.
import type { CacheAside, Removal } from "../cache/cache-aside.ts";
import type { CdnResult, PurgeCdn } from "./cdn.ts";
import type { Targets } from "./product-change.ts";

export type InvalidationResult = { readonly application: Removal; readonly cdn: CdnResult };
export type Invalidate = (targets: Targets) => Promise<InvalidationResult>;

export const createInvalidation =
  (cache: Pick<CacheAside, "remove">, purgeCdn: PurgeCdn): Invalidate =>
  async ({ addresses, tags }) => {
    // The edge refills from the application, so the application must be clean first. A deferred removal is clean
    // too: until Redis has confirmed it, this process reads the database (see cache-aside).
    const application = await cache.remove(addresses);
    const cdn = await purgeCdn(tags);
    return { application, cdn };
  };
