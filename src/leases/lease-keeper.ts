// Owns the port of leases: how a leader speaks to the object that has a key's lease. Keys are hashes, so no URL leaves the edge.

/** How a lease ended for the isolates that waited; "expired" also where the object knows nothing of it. */
export type LeaseEnding = "stored" | "unshared" | "failed" | "expired";

export type LeaseAnswer =
  | { readonly kind: "granted" }
  /** Another isolate fetches, or has fetched since the caller's lookup: `ended` resolves when that is over. */
  | { readonly kind: "held"; readonly holder: string }
  /** The table has no room: fetch without a lease. */
  | { readonly kind: "full" };

export interface LeaseKeeper {
  /** `lookedAgoMs`: time since the caller's lookup found nothing. */
  take(key: string, holder: string, lookedAgoMs: number): Promise<LeaseAnswer>;
  /** Resolves at the end of that holder's lease, at its expiry or after `withinMs`, whichever is first. */
  ended(key: string, holder: string, withinMs: number): Promise<LeaseEnding>;
  /** Changes nothing where that holder does not have the lease, or no longer. */
  release(key: string, holder: string, ending: LeaseEnding): Promise<unknown>;
}
