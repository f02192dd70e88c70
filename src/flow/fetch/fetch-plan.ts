// Owns the plan of a fetch: the whole, a range, the rest of a part, or a validation, and the stored responses at hand meanwhile.
import type { RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { declaredLength, type HeaderPairs } from "../../http/message/fields.ts";
import { parseContentRange } from "../../http/message/range.ts";
import type { ReasonCode } from "../../http/law/reasons.ts";
import type { PurgeState } from "../../http/law/reuse.ts";
import type { Fence, Stored } from "../../http/law/stored.ts";
import type { CacheKey } from "../../http/select/key.ts";
import type { Found } from "../../tiers/tier.ts";
import type { CacheRequest } from "../cache-request.ts";
import type { FoundPart } from "../fill/body-to-store.ts";
import { UNASKED_BYTES } from "../fill/fill-cost.ts";
import { CLEAR } from "../lookup/lookup.ts";
import { keyOf } from "../lookup/resource-key.ts";
import { FETCH_WHOLE, type Forwarding } from "./origin-request.ts";
import { patienceFor } from "./patience.ts";
import { isUnstorable } from "./unstorable.ts";

/** With the request it belongs to, this is the `OriginFetch` that `settle` judges by. */
export interface FetchPlan extends Forwarding {
  readonly reason: ReasonCode;
  /** The stored response to validate. */
  readonly held?: Found | undefined;
  /** A stored response whose validation went wrong. The fetch does not validate it again, but it may stand in if the origin fails. */
  readonly standIn?: Found | undefined;
  /** The stored response that the answer replaces, also where its body is not at hand. */
  readonly given?: Stored | undefined;
  /** The stored beginning whose rest the fetch requests. */
  readonly prefix?: FoundPart | undefined;
  /** A stored part that the answer may be joined with. */
  readonly neighbour?: FoundPart | undefined;
  /** Whether a purge in the log covers `held`, `standIn` or `prefix`. */
  readonly purge: PurgeState;
  /** The fence of the lookup that found `held`; without `held`, the fetch takes a fence when it asks. */
  readonly fence?: Fence | undefined;
  /** No client waits for the answer. If a client's credentials make it unstorable, the cache asks once more in its own name. */
  readonly forCache?: true | undefined;
  /**
   * How long a client waits before a stale response stands in, milliseconds. Absent where none may, where no client waits, and in the
   * plan of a refetch.
   */
  readonly patienceMs?: number | undefined;
  /** Whether followers want the body, even after this fetch's client left. Absent: there are none. */
  readonly isAwaited?: (() => boolean) | undefined;
}

/** The plan that the lookup's verdict calls for. */
export function planFor(request: CacheRequest): FetchPlan {
  const { verdict, found, purge, fence } = request;
  const { reason } = verdict;
  if (verdict.verdict === "complete") return { ...planRest(verdict.stored), reason, prefix: partIn(found), purge };
  if (verdict.verdict !== "fetch") {
    return { ...FETCH_WHOLE, reason, held: found, fence, purge, patienceMs: patienceFor(request) };
  }
  const isPart = reason === "partial";
  const neighbour = isPart ? partIn(found) : undefined;
  // the edge validates no part, but a final answer ends it as it would end a whole
  const given = !isPart && found?.stored.part ? found.stored : undefined;
  return { ...planFetch(request, verdict.clientConditionals), reason, neighbour, given, purge: CLEAR };
}

/** Tiers store parts as bytes, never as streams. */
function partIn(found: Found | undefined): FoundPart | undefined {
  if (found?.body.kind !== "bytes") return undefined;
  return { stored: found.stored, bytes: found.body.bytes, tier: found.tier };
}

/**
 * A range that begins early fetches the whole, which then serves all ranges; unless the resource is known to be large or unstorable.
 * The range `bytes=0-` always fetches the whole.
 */
export function planFetch(request: CacheRequest, clientConditionals: boolean): Forwarding {
  const { facts, edge } = request;
  const { range } = facts;
  if (clientConditionals) return { ...FETCH_WHOLE, clientConditionals };
  if (!range) return FETCH_WHOLE;
  const isEarly = range.kind === "from" && range.first < UNASKED_BYTES;
  const isOpen = range.kind === "from" && range.first === 0 && range.last === undefined;
  const isDivisible = isEarly && !isUnstorable(request) && (isOpen || !edge.marks.large.has(sizeKey(request)));
  return isDivisible ? FETCH_WHOLE : planRange(facts);
}

/** The range as its client sent it. */
export function planRange({ field }: RequestFacts): Forwarding {
  const conditions: HeaderPairs = ["range", "if-range"].flatMap((name): HeaderPairs => {
    const value = field(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...FETCH_WHOLE, conditions };
}

/** Requests the bytes after a stored beginning. `If-Range` gets the whole if the representation has changed (RFC 9110 13.1.5). */
function planRest({ part, etag }: Stored): Forwarding {
  const range = ["range", `bytes=${String((part?.last ?? -1) + 1)}-`] as const;
  return { ...FETCH_WHOLE, conditions: etag === undefined ? [range] : [range, ["if-range", etag]] };
}

/** How long a resource counts as large. A wrong mark costs no more than a range that is forwarded. */
const LARGE_SECONDS = 3600;

/** Marks a resource as large if the answer shows its length and that the origin serves ranges. Later ranges then go to the origin. */
export function noteSize(request: CacheRequest, { status, field }: ResponseFacts): void {
  const isDivided = status === 200 && /\bbytes\b/i.test(field("accept-ranges") ?? "");
  const part = status === 206 ? parseContentRange(field("content-range")) : undefined;
  const total = part?.total ?? (isDivided ? declaredLength(field) : undefined) ?? 0;
  if (total > UNASKED_BYTES) request.edge.marks.large.add(sizeKey(request), LARGE_SECONDS);
}

/** The key without the query, since clients invent queries. */
function sizeKey({ edge, facts, rule }: CacheRequest): CacheKey {
  return keyOf(edge, { ...facts.location, query: "" }, rule);
}
