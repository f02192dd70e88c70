// Owns the ports of invalidation, one for each tier.
import type { CacheAddress, Entity } from "../cache/key.ts";
import type { Removal } from "../cache/removals.ts";

export type { Removal };

/** No method rejects. */
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
  /** Invalidates before this process next answers from the tier. */
  owe(targets: GatewayTargets): void;
  invalidate(
    targets: GatewayTargets,
  ): Promise<
    { readonly status: "done"; readonly tags: number } | { readonly status: "failed"; readonly reason: string }
  >;
}

/** The request behind a purge, and the events that make repeating it harmless. */
export interface PurgeContext {
  readonly requestId: string;
  readonly traceparent: string;
  /** The same events with the same tags purge only once. Without events, every order purges. */
  readonly events: readonly string[];
  /** Milliseconds. The shorter of this and the purge client's own bound counts. */
  readonly withinMs?: number;
}

export type CdnResult =
  | { readonly status: "done"; readonly tags: readonly string[]; readonly seq: number }
  | {
      readonly status: "failed";
      /** "refused" means that the order is wrong for good. "temporary" means that the same order may succeed later. */
      readonly failure: "refused" | "temporary";
      readonly reason: string;
      /** The tags that were not purged. Others of the same order may have been. */
      readonly tags: readonly string[];
      /** An earlier attempt is useless. */
      readonly retryAfterMs?: number;
    };

export type PurgeCdn = (tags: readonly string[], context: PurgeContext) => Promise<CdnResult>;
