// Owns the request on its way through the cache: with its rule before the lookup, with the stored response and the verdict after it.
import { discard as discardStream } from "../base/streams.ts";
import { asAnonymous } from "../http/law/anonymous.ts";
import type { PurgeState, Reuse } from "../http/law/reuse.ts";
import type { Fence } from "../http/law/stored.ts";
import type { RequestFacts } from "../http/message/facts.ts";
import type { Rule } from "../policy/define.ts";
import type { CacheSlot, Found } from "../tiers/tier.ts";
import type { Moment } from "./collapse/flights.ts";
import type { Edge, Exchange } from "./edge.ts";

/** A request after its rule was applied, before any lookup. */
export interface RuledRequest {
  readonly edge: Edge;
  readonly exchange: Exchange;
  /** Its facts with the query, cookies and fields that the rule reduced. */
  readonly ruled: RequestFacts;
  readonly rule: Rule;
}

/** A request after its lookup: the stored response, if there is one, and the verdict on it. */
export interface CacheRequest extends RuledRequest {
  /** `ruled`, adjusted to the fields that the resource's variant index names. */
  readonly facts: RequestFacts;
  /** The place of its response in the store, filled or not. */
  readonly slot: CacheSlot;
  readonly found: Found | undefined;
  /** Whether a purge in the log covers `found`. */
  readonly purge: PurgeState;
  readonly verdict: Reuse;
  /** When the lookup began, milliseconds since 1970. */
  readonly nowMs: number;
  /**
   * The same moment in this isolate's order of flights; `slot.startedAt` is it in the order of invalidations, and `fence` in the purge
   * log. After a flight that stored something later, the request looks up again.
   */
  readonly lookedUpAt: Moment;
  /** Taken before the lookup judged `found`. A validation uses it, because a 304 proves nothing about later purges. */
  readonly fence: Fence | undefined;
  /** The purge log could not be asked in time, and the rule says `onUnknown: "serve"`: `found` may have been purged. */
  readonly unproven: boolean;
}

/** The same request in the cache's own name: without the client's cookies, credentials and Cache-Control. */
export function anonymously(request: CacheRequest): CacheRequest {
  const facts = asAnonymous(request.facts);
  return { ...request, facts, slot: { ...request.slot, request: facts.field } };
}

/** Whether the answer may be for this client alone, so that it says nothing about other clients' answers. */
export function isAuthenticated({ hasSession, hasAuthorization }: RequestFacts): boolean {
  return hasSession || hasAuthorization;
}

/** @throws TypeError where the lookup found nothing. Callers have a verdict that comes only with a stored response. */
export function present<Held>(held: Held | undefined): Held {
  if (held === undefined) throw new TypeError("no stored response at hand");
  return held;
}

/** Closes the body of a stored response that nobody will read. */
export function discard(found: Found | undefined): void {
  if (found?.body.kind === "stream") discardStream(found.body.stream);
}
