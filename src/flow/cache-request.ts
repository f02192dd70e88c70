// Owns what the ways of a request share: the trip itself, its errand to the origin, and what is held meanwhile.
import { asAnonymous } from "../http/law/anonymous.ts";
import type { RequestFacts } from "../http/message/facts.ts";
import type { ReasonCode } from "../http/law/reasons.ts";
import type { PurgeState } from "../http/law/reuse.ts";
import type { Fence, Stored } from "../http/law/stored.ts";
import type { Rule } from "../policy/define.ts";
import type { Found, CacheSlot } from "../tiers/tier.ts";
import type { Delivery } from "./answer/deliver.ts";
import type { Edge, Exchange } from "./edge.ts";
import type { Land } from "./collapse/flights.ts";
import type { FoundPart } from "./fill/body-to-store.ts";
import { applyIndex } from "./lookup/apply-rule.ts";
import type { Intent } from "./fetch/origin-request.ts";

/** One request that takes part in caching, with all that is known of it. */
export interface CacheRequest {
  readonly edge: Edge;
  readonly exchange: Exchange;
  readonly facts: RequestFacts;
  readonly rule: Rule;
  readonly slot: CacheSlot;
}

/** With what the place's index tells of the request's fields. */
export function cacheRequest(
  slot: CacheSlot,
  { edge, exchange, facts, rule }: Omit<CacheRequest, "slot">,
): CacheRequest {
  return { edge, exchange, facts: applyIndex(facts, slot.index), rule, slot };
}

/** Why a request goes to the origin, and with what in hand. */
export interface FetchPlan {
  readonly reason: ReasonCode;
  /** The stored response to validate. */
  readonly held?: Found | undefined;
  /** The fence of the look that found it. */
  readonly fence?: Fence | undefined;
  /** One whose validation went wrong: it is not asked about again, but may stand in where the origin fails. */
  readonly standIn?: Found | undefined;
  /** The stored response that the answer is about, where its body is not at hand, or the client has had it meanwhile. */
  readonly given?: Stored | undefined;
  /** No client waits for this answer: where it is of no use to the cache because of who asked, the cache asks once more in its own name. */
  readonly forCache?: true | undefined;
  /** The stored part whose rest is asked for. */
  readonly prefix?: FoundPart | undefined;
  /** A stored part that a new one may make larger. */
  readonly neighbour?: FoundPart | undefined;
  readonly purge: PurgeState;
  readonly intent: Intent;
  /** How long the client waits where what is held may stand in; absent where it may not, or where there is no client. */
  readonly patienceMs?: number | undefined;
  /** Tells those who wait for this fetch how it ended. */
  readonly land?: Land | undefined;
  /** Whether the body is wanted whether or not a client reads it; absent where `land` knows. */
  readonly isAwaited?: (() => boolean) | undefined;
}

/** What every response of this trip shares. */
export function deliveryOf({ edge, exchange, facts, rule }: CacheRequest, nowMs: number): Delivery {
  const offer = { edge, codings: rule.compress };
  return { facts, exchange, nowMs, browser: rule.browser, offer };
}

/** A verdict about a stored response comes only where one was looked up. */
export function present<Held extends Found | FoundPart>(held: Held | undefined): Held {
  if (!held) throw new TypeError("a verdict about a stored response, with none at hand");
  return held;
}

/** Gives back what was looked up and is not used. */
export function discard(found: Found | undefined): void {
  if (found?.body.kind === "stream") void found.body.stream.cancel().catch(() => undefined);
}

/** The same trip in the cache's own name. */
export function anonymously(trip: CacheRequest): CacheRequest {
  const facts = asAnonymous(trip.facts);
  return { ...trip, facts, slot: { ...trip.slot, request: facts.field } };
}

/** What is answered to it says nothing of what others would get. */
export function isAuthenticated({ hasSession, hasAuthorization }: RequestFacts): boolean {
  return hasSession || hasAuthorization;
}

/** Leaves a body unread; one that has broken off by then is no matter. */
export async function unread(content: ReadableStream<Uint8Array> | null): Promise<void> {
  await content?.cancel().catch(() => undefined);
}
