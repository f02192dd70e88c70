// Owns the request on its way through the cache: before its lookup, and after it with all that the lookup found.
import { discard as discardStream } from "../base/streams.ts";
import { asAnonymous } from "../http/law/anonymous.ts";
import type { PurgeState, Reuse } from "../http/law/reuse.ts";
import type { Fence } from "../http/law/stored.ts";
import type { RequestFacts } from "../http/message/facts.ts";
import type { Rule } from "../policy/define.ts";
import type { CacheSlot, Found } from "../tiers/tier.ts";
import type { Moment } from "./collapse/flights.ts";
import type { Edge, Exchange } from "./edge.ts";

/** A request to which its rule has been applied. */
export interface RuledRequest {
  readonly edge: Edge;
  readonly exchange: Exchange;
  /** As the rule has reduced it, before any lookup. */
  readonly ruled: RequestFacts;
  readonly rule: Rule;
}

/** One request that takes part in caching, with what its lookup found and the verdict on that. */
export interface CacheRequest extends RuledRequest {
  /** `ruled`, with what the known index of the resource says of its fields. */
  readonly facts: RequestFacts;
  /** Where its response is stored, or would be. */
  readonly slot: CacheSlot;
  readonly found: Found | undefined;
  /** Whether a purge in the log covers `found`. */
  readonly purge: PurgeState;
  readonly verdict: Reuse;
  /** When the lookup began, milliseconds since 1970. */
  readonly nowMs: number;
  /** The same moment in this isolate's order of flights: a flight that stored something later is worth another lookup. */
  readonly lookedUpAt: Moment;
  /** Taken before the lookup judged anything: a 304 proves nothing of purges after it. */
  readonly fence: Fence | undefined;
  /** Nothing proves that `found` was not purged; the rule says to serve it all the same. */
  readonly unproven: boolean;
}

/** The same request in the cache's own name, without anything of one client's own. */
export function anonymously(request: CacheRequest): CacheRequest {
  const facts = asAnonymous(request.facts);
  return { ...request, facts, slot: { ...request.slot, request: facts.field } };
}

/** An answer to it says nothing of what other clients would get. */
export function isAuthenticated({ hasSession, hasAuthorization }: RequestFacts): boolean {
  return hasSession || hasAuthorization;
}

/** @throws TypeError where the lookup found nothing: a verdict about a stored response comes only with one. */
export function present<Held>(held: Held | undefined): Held {
  if (held === undefined) throw new TypeError("no stored response at hand");
  return held;
}

/** Closes the body of a stored response that nobody will read. */
export function discard(found: Found | undefined): void {
  if (found?.body.kind === "stream") discardStream(found.body.stream);
}
