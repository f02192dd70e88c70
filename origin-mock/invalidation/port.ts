// Owns what invalidation asks of the tiers.
import type { CacheAddress, Entity } from "../cache/key.ts";

/** "deferred": remembered and not done; other processes may still read what is old. */
export type Removal =
  | { readonly status: "done"; readonly keys: number }
  | { readonly status: "deferred"; readonly keys: number; readonly reason: string };

/** None of these rejects. */
export interface ApplicationTier {
  remove(addresses: readonly CacheAddress[]): Promise<Removal>;
  /** Everything of these kinds. */
  removeEntities(entities: readonly Entity[]): Promise<Removal>;
  /** Everything there is. */
  bumpVersion(): Promise<Removal>;
}

interface GatewayTargets {
  readonly tags: readonly string[];
  readonly everything: boolean;
}

export interface GatewayTier {
  /** Not now, but before this process answers anything from it again. */
  owe(targets: GatewayTargets): void;
  invalidate(
    targets: GatewayTargets,
  ): Promise<
    { readonly status: "done"; readonly tags: number } | { readonly status: "failed"; readonly reason: string }
  >;
}

/** On whose behalf the edge is asked, and what makes asking again harmless. */
export interface PurgeContext {
  readonly requestId: string;
  readonly traceparent: string;
  /** The events behind it: the same ones for the same tags are purged once. None: it is purged however often it is asked. */
  readonly events: readonly string[];
  /** Milliseconds; the client's own bound where it is shorter. */
  readonly withinMs?: number;
}

export type CdnResult =
  | { readonly status: "done"; readonly tags: readonly string[]; readonly seq: number }
  | {
      readonly status: "failed";
      /** "refused": this order is wrong and stays wrong. "temporary": the same order may be taken later. */
      readonly failure: "refused" | "temporary";
      readonly reason: string;
      /** Not purged; other tags of the same order may be. */
      readonly tags: readonly string[];
      /** Asking earlier is useless. */
      readonly retryAfterMs?: number;
    };

export type PurgeCdn = (tags: readonly string[], context: PurgeContext) => Promise<CdnResult>;
