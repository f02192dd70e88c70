// Owns the second question of a cache, the verdict on the origin's answer (RFC 9111 3, 4.3.3, 4.3.4).
import { isAnonymous } from "./anonymous.ts";
import type { ContentCoding } from "../select/coding.ts";
import type { RequestFacts, ResponseFacts } from "../message/facts.ts";
import { combinedRecord } from "./parts.ts";
import { readerOf } from "../message/fields.ts";
import { changesNonces } from "../message/csp-nonce.ts";
import { makesPrivate, type ReasonCode } from "./reasons.ts";
import { recordOf, type SettlePolicy } from "./record.ts";
import type { PurgeState } from "./reuse.ts";
import { isServerFailure } from "../message/status-table.ts";
import { type Fence, remainingSeconds, type Stored } from "./stored.ts";
import { codingToUndo, decodedFacts, weakened } from "../body/content-decoding.ts";
import { freshenedByHead, type Validating, validated } from "./validation.ts";

/** Why no response came. */
export type Failure = "origin-unreachable" | "origin-timeout" | "origin-invalid" | "origin-resting";

/** A stored response that the cache has at hand. */
interface Held {
  readonly stored: Stored;
}

/** One request to the origin, and what the cache had at hand when it sent it. */
export interface OriginFetch {
  readonly request: RequestFacts;
  /** The stored response being validated. */
  readonly held?: Held | undefined;
  /** A stored response that the request does not ask about, but that may stand in where the origin fails. */
  readonly standIn?: Held | undefined;
  /** The stored part whose rest the request asks for. */
  readonly prefix?: Held | undefined;
  /** Whether the client's own conditionals, where it sent any, went to the origin. */
  readonly clientConditionals: boolean;
  readonly purge: PurgeState;
  /** Taken before the request was sent. Absent while the purge log is unknown: then nothing is stored. */
  readonly fence?: Fence | undefined;
}

/** Nothing to deliver, and nothing may stand in. */
interface Fail {
  readonly verdict: "fail";
  readonly reason: Failure;
}

interface ServeStale {
  readonly verdict: "serve-stale";
  readonly stored: Stored;
  readonly reason: ReasonCode;
}

interface Store {
  readonly verdict: "store";
  readonly stored: Stored;
  /** The coding that the fill decodes: `stored` describes the decoded body. */
  readonly undo: ContentCoding | undefined;
  readonly reason: ReasonCode;
}

export type Settle =
  | Store
  /** A 304: the stored body goes on under the merged header section; `refusal` says why it must not be stored anew. */
  | {
      readonly verdict: "refresh";
      readonly stored: Stored;
      readonly refusal: ReasonCode | undefined;
      readonly reason: ReasonCode;
    }
  /** The rest of a stored part: joined with the part, it is the whole. */
  | { readonly verdict: "complete"; readonly stored: Stored; readonly reason: ReasonCode }
  | ServeStale
  /** `addPrivate`: the answer is for one session, and caches below must know. `freshened`: the stored response that a HEAD confirmed. */
  | {
      readonly verdict: "pass-through";
      readonly reason: ReasonCode;
      readonly addPrivate: boolean;
      readonly freshened?: Stored | undefined;
    }
  /** The validation, or the completion, went wrong: ask once more, for the whole. */
  | { readonly verdict: "refetch"; readonly reason: ReasonCode }
  | Fail;

/** The verdict on the origin's response. */
export function settle(response: ResponseFacts, asked: OriginFetch, policy: SettlePolicy, nowMs: number): Settle {
  const { request, fence } = asked;
  const stored = asked.held?.stored;
  if (response.status === 304) {
    if (stored) return refresh(response, { request, stored, fence }, policy);
    // a 304 answers a conditional; where none was sent it means nothing (RFC 9110 15.4.5)
    const isClients = asked.clientConditionals && isConditional(request);
    return isClients ? passThrough("client-304", asked) : settleFailure("origin-invalid", asked, nowMs);
  }
  if (asked.prefix && (response.status === 206 || response.status === 416)) {
    return complete(response, asked.prefix.stored, asked, policy);
  }
  const stale = isServerFailure(response.status) ? staleIfError(asked, nowMs) : undefined;
  if (stale) return stale;
  if (request.method === "HEAD" && stored?.status === 200 && response.status === 200) {
    const freshened = freshenedByHead(response, { request, stored, fence }, policy);
    if (typeof freshened === "string") return passThrough(freshened, asked);
    if (!mayFreshen(request)) return passThrough("head-response", asked);
    return { ...passThrough("head-freshened", asked), freshened };
  }
  return store(response, asked, policy);
}

function isConditional({ field }: RequestFacts): boolean {
  return field("if-none-match") !== undefined || field("if-modified-since") !== undefined;
}

/** A client that forces a HEAD, or sends something of its own, must not choose the header section that other clients see. */
function mayFreshen(request: RequestFacts): boolean {
  const { noCache, noStore, maxAge, minFresh } = request.directives;
  return isAnonymous(request) && !noCache && !noStore && maxAge === undefined && minFresh === undefined;
}

function store(response: ResponseFacts, asked: OriginFetch, policy: SettlePolicy): Settle {
  const { request, fence } = asked;
  const undo = codingToUndo(response, request, policy.keepCodings);
  const record = recordOf(undo ? decodedFacts(response) : response, request, fence, policy);
  if (typeof record === "string") return passThrough(record, asked);
  const shownEtag = undo && record.etag !== undefined ? weakened(record.etag) : undefined;
  return { verdict: "store", stored: { ...record, shownEtag }, undo, reason: "stored" };
}

type StandsBy = Pick<OriginFetch, "held" | "standIn" | "purge">;

/** The verdict where no response came: serve something stale, or fail. */
export function settleFailure(failure: Failure, asked: StandsBy, nowMs: number): ServeStale | Fail {
  return staleIfError(asked, nowMs) ?? { verdict: "fail", reason: failure };
}

/** RFC 5861 4: within the window after expiry, or after the soft purge that ended freshness earlier. */
function staleIfError({ standIn, held = standIn, purge }: StandsBy, nowMs: number): ServeStale | undefined {
  const stored = held?.stored;
  if (!stored || stored.alwaysValidate || stored.staleIfErrorSeconds <= 0) return undefined;
  if (purge.state === "validate" || purge.state === "gone" || purge.state === "unknown") return undefined;
  const sincePurge = purge.state === "stale" ? (nowMs - purge.sinceMs) / 1000 : Number.NEGATIVE_INFINITY;
  const staleSeconds = Math.max(-remainingSeconds(stored, nowMs), sincePurge);
  if (staleSeconds >= stored.staleIfErrorSeconds) return undefined;
  return { verdict: "serve-stale", stored, reason: "stale-if-error" };
}

function refresh(response: ResponseFacts, validating: Validating, policy: SettlePolicy): Settle {
  if (changesNonces(readerOf(validating.stored.headers), response.field))
    return { verdict: "refetch", reason: "nonce-changed" };
  const result = validated(response, validating, policy);
  if (!result) return { verdict: "refetch", reason: "validator-mismatch" };
  return { verdict: "refresh", ...result, reason: "validated" };
}

/** RFC 9111 3.4: if the rest does not belong to the stored part, the whole has to be fetched. */
function complete(
  response: ResponseFacts,
  prefix: Stored,
  { request, fence }: OriginFetch,
  policy: SettlePolicy,
): Settle {
  const rest = recordOf(response, request, fence, policy);
  const whole = typeof rest === "string" ? undefined : combinedRecord(prefix, rest);
  if (!whole || whole.part || typeof rest === "string" || rest.part?.first !== (prefix.part?.last ?? 0) + 1) {
    return { verdict: "refetch", reason: "part-mismatch" };
  }
  return { verdict: "complete", stored: whole, reason: "completed" };
}

function passThrough(reason: ReasonCode, { request }: OriginFetch): Settle & { verdict: "pass-through" } {
  return { verdict: "pass-through", reason, addPrivate: request.hasSession || makesPrivate(reason) };
}
