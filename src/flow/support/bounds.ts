// Owns how long an edge waits for its own parts. A deployment runs with DEFAULT_BOUNDS: neither a site nor an environment variable reaches them.

/** Milliseconds each. */
export interface Bounds {
  /** How long a request waits for the colo or KV tier; a tier that takes longer counts as empty. */
  readonly tierMs: number;
  /** How long a request waits for the purge log's news; after that the rule's `onUnknown` decides. */
  readonly logMs: number;
  /** How long a purge, or a page of the log's history, waits for the log; after that the client gets a 503. */
  readonly logConfirmMs: number;
  /** How long a read or a write of the colo's copy of the purge log may take; its snapshot has megabytes. A miss asks the log itself. */
  readonly copy: { readonly partMs: number; readonly snapshotMs: number };
  /** The longest random pause before a look and a write to KV: it spreads edges that miss at the same time. */
  readonly globalPauseMs: number;
  /** How long a leader waits for the fetch of another isolate; after that it fetches for itself. */
  readonly leaseWaitMs: number;
  /**
   * The pause before the one retry of a request whose connection broke. A server that dies breaks all its connections, but not in one
   * moment: a retry at once would take the next of them from the pool, and lose that one too.
   */
  readonly retryPauseMs: number;
}

export const DEFAULT_BOUNDS: Bounds = {
  tierMs: 1000,
  logMs: 1000,
  logConfirmMs: 3000,
  copy: { partMs: 100, snapshotMs: 400 },
  globalPauseMs: 250,
  leaseWaitMs: 10_000,
  retryPauseMs: 100,
};
