// Owns the three shapes of a purge: the order, its outcome, and its entry in the history.
import type { Target } from "./target.ts";

/** A miss from now on, or stale from now on. */
export type PurgeMode = "hard" | "soft";

/** A purge as the log takes it: all of its targets under one number, or none. */
export interface PurgeOrder {
  /** Canonical (see target.ts), each once. `browsers` targets are hard whatever the mode. */
  readonly targets: readonly Target[];
  readonly mode: PurgeMode;
  /** The name of a token, or `origin HOST` for group invalidations. For the record. */
  readonly actor: string;
  /** The targets as they were written. For the record. */
  readonly asked: readonly string[];
  /** The id of the request that ordered it, or whose answer did. For the record. */
  readonly requestId?: string | undefined;
  /** Other targets, or another mode, under the same key of the same actor are a conflict. */
  readonly idempotencyKey?: string | undefined;
  /** The actor's rate: purges a second, and at once. Absent: unlimited. */
  readonly rate?: { readonly perSecond: number; readonly burst: number } | undefined;
}

export type PurgeOutcome =
  | {
      readonly kind: "purged";
      readonly seq: number;
      readonly purgedAtMs: number;
      /** The answer to an earlier order under the same idempotency key. */
      readonly replayed: boolean;
    }
  | { readonly kind: "limited"; readonly retryAfterSeconds: number }
  | { readonly kind: "conflict" };

/** Purges by tokens, or purges that origins caused by their answers. */
export type PurgedBy = "tokens" | "origins" | "all";

/** One purge in the history. */
export interface PurgeEntry {
  readonly seq: number;
  readonly purgedAtMs: number;
  readonly actor: string;
  readonly mode: PurgeMode;
  readonly asked: readonly string[];
  /** Canonical names, `kind:value`. */
  readonly targets: readonly string[];
  /** Absent where it is not known. */
  readonly requestId?: string | undefined;
}
