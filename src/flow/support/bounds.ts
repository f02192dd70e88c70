// Owns how long an edge waits for its own parts. A deployment runs with DEFAULT_BOUNDS: neither a site nor an environment variable reaches them.

/** Milliseconds each. */
export interface Bounds {
  /**
   * How long a request waits for the colo or KV tier, which then counts as empty, and for the purge log's news; after that the rule's
   * `onUnknown` decides.
   */
  readonly waitMs: number;
  /** How long a purge, or a page of the log's history, waits for the log; after that the client gets a 503. */
  readonly confirmMs: number;
  /** How long a part of the colo's copy of the purge log may take, its snapshot four times as long. A copy that takes longer is left alone. */
  readonly copyMs: number;
  /** The longest random pause before a look and a write to KV: it spreads edges that miss at the same time. */
  readonly pauseMs: number;
  /** How long a leader waits for the fetch of another isolate; after that it fetches for itself. */
  readonly leaseMs: number;
  /**
   * The pause before the one retry of a request whose connection broke. A server that dies breaks all its connections, but not in one
   * moment: a retry at once would take the next of them from the pool, and lose that one too.
   */
  readonly retryMs: number;
}

export const DEFAULT_BOUNDS: Bounds = {
  waitMs: 1000,
  confirmMs: 3000,
  copyMs: 100,
  pauseMs: 250,
  leaseMs: 10_000,
  retryMs: 100,
};
