// Owns the result of a fetch: the response for its own client, and how the fetch ended for everybody else.
import type { Failure } from "../../http/law/settle.ts";

/** How a fetch ended. */
export type FetchResult =
  /** Another lookup finds the response, in memory or, if large, in the colo, unless that tier failed meanwhile. */
  | { readonly kind: "stored" }
  /** The answer is for its own client alone. */
  | { readonly kind: "unshared" }
  /** No tier has room for the body. For a part, the whole may still fit. */
  | { readonly kind: "no-room" | "no-room-for-part" }
  /** A tier failed to store the body. */
  | { readonly kind: "refused" }
  /** The client left, and no follower wanted the rest of the body. */
  | { readonly kind: "unwanted" }
  /** The body broke off. */
  | { readonly kind: "broken" }
  /** The origin answered with an error, and a stale response stood in. */
  | { readonly kind: "stood-in" }
  /** No valid answer came. */
  | { readonly kind: "failed"; readonly failure: Failure };

export interface Fetched {
  /** For the fetch's own client. */
  readonly response: Response;
  /** How the fetch ended, body included. Rejects where the edge itself failed. */
  readonly result: Promise<FetchResult>;
  /** Resolves when the client reads the body so slowly that nobody else should wait for it. The fetch may still store it. */
  readonly stalled?: Promise<void> | undefined;
  /** Resolves when every tier that takes the response has it, however slow the client. */
  readonly filed?: (() => Promise<void>) | undefined;
}

/** A fetch that ended with its response. */
export function endedWith(response: Response, result: FetchResult): Fetched {
  return { response, result: Promise.resolve(result) };
}
