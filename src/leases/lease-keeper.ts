// Owns the port of leases: what a leader asks of the object that has a key's lease. Keys are hashes, so no URL leaves the edge.

/** How a lease ended for the isolates that waited; "expired" also where nothing is known of it. */
export type LeaseEnding = "stored" | "unshared" | "failed" | "expired";

export type LeaseAnswer =
  | { readonly kind: "granted" }
  /** Another isolate fetches, or did since the caller looked: `ended` tells when that is over. */
  | { readonly kind: "held"; readonly holder: string }
  /** No room: go on without. */
  | { readonly kind: "full" };

export interface LeaseKeeper {
  /** `lookedAgoMs`: how long ago the caller found nothing. */
  take(key: string, holder: string, lookedAgoMs: number): Promise<LeaseAnswer>;
  /** Resolves at the end of that holder's lease, at its expiry or after `withinMs`, whichever is first. */
  ended(key: string, holder: string, withinMs: number): Promise<LeaseEnding>;
  /** Changes nothing where the lease is not, or no longer, that holder's. */
  release(key: string, holder: string, ending: LeaseEnding): Promise<unknown>;
}
