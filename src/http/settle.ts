// Owns the second question of a cache: what do I do with what the origin said? (RFC 9111 3, 4.3.3, 4.3.4)
import { formatHttpDate, parseHttpDate } from "./dates.ts";
import { weakMatch } from "./etag.ts";
import { type RequestFacts, type ResponseFacts, responseFacts } from "./facts.ts";
import type { HeaderPairs } from "./fields.ts";
import { addressedToEdge, kept, mergedBy304 } from "./field-table.ts";
import { initialAge, type LifetimePolicy, lifetimeOf, staleWindows } from "./freshness.ts";
import { madePrivate } from "./private.ts";
import type { ReasonCode } from "./reasons.ts";
import type { PurgeState } from "./reuse.ts";
import { forAuthorization, forSession, type SharingPolicy, whyNotStorable } from "./storable.ts";
import { isServerFailure } from "./status-table.ts";
import { type Fence, originValidators, remainingSeconds, type Stored } from "./stored.ts";
import { hasTagField, isTagField, readTags } from "./tags.ts";
import { targetHash } from "./target.ts";
import { readVary, variantOf } from "./vary.ts";

/** Why no response came. */
export type Failure = "origin-unreachable" | "origin-timeout" | "origin-invalid";

export interface SettlePolicy extends LifetimePolicy, SharingPolicy {
  readonly tags: readonly string[];
}

/** What was asked of the origin and on what ground. */
export interface Asked {
  readonly request: RequestFacts;
  /** The stored response being validated, where there is one. */
  readonly stored: Stored | undefined;
  /** Whether a conditional of the client's own was passed on. */
  readonly clientConditionals: boolean;
  readonly purge: PurgeState;
  /** Taken before the request was sent; absent while the purge log is unknown, and then nothing is stored. */
  readonly fence: Fence | undefined;
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

export type Settle =
  | { readonly verdict: "store"; readonly stored: Stored; readonly reason: ReasonCode }
  /** A 304: the stored body goes on under the merged header section; `refusal` says why it may not be kept. */
  | {
      readonly verdict: "refresh";
      readonly stored: Stored;
      readonly refusal: ReasonCode | undefined;
      readonly reason: ReasonCode;
    }
  | ServeStale
  /** `addPrivate`: the answer is for one session, and caches below must know. */
  | { readonly verdict: "pass-through"; readonly reason: ReasonCode; readonly addPrivate: boolean }
  /** The validation went wrong: ask once more, for the whole. */
  | { readonly verdict: "refetch"; readonly reason: ReasonCode }
  | Fail;

/** What to do with a response. */
export function settle(response: ResponseFacts, asked: Asked, policy: SettlePolicy, nowMs: number): Settle {
  const { stored } = asked;
  if (response.status === 304) {
    if (stored) return refresh(response, stored, asked, policy);
    // a 304 answers a conditional; where none was sent there is nothing it could mean (RFC 9110 15.4.5)
    return asked.clientConditionals ? passThrough("client-304", asked) : { verdict: "fail", reason: "origin-invalid" };
  }
  const stale = isServerFailure(response.status) ? staleIfError(asked, nowMs) : undefined;
  if (stale) return stale;
  const described = describe(response, asked, policy);
  if (typeof described === "string") return passThrough(described, asked);
  return { verdict: "store", stored: described, reason: "stored" };
}

/** What to do where no response came: something stale, or nothing but the failure itself. */
export function settleFailure(failure: Failure, asked: Asked, nowMs: number): ServeStale | Fail {
  return staleIfError(asked, nowMs) ?? { verdict: "fail", reason: failure };
}

/** RFC 5861 4: within the window after expiry, or after the soft purge that ended freshness earlier. */
function staleIfError({ stored, purge }: Asked, nowMs: number): ServeStale | undefined {
  if (!stored || stored.alwaysValidate || stored.staleIfErrorSeconds <= 0) return undefined;
  if (purge.state === "validate" || purge.state === "gone" || purge.state === "unknown") return undefined;
  const sincePurge = purge.state === "stale" ? (nowMs - purge.sinceMs) / 1000 : Number.NEGATIVE_INFINITY;
  const staleSeconds = Math.max(-remainingSeconds(stored, nowMs), sincePurge);
  if (staleSeconds >= stored.staleIfErrorSeconds) return undefined;
  return { verdict: "serve-stale", stored, reason: "stale-if-error" };
}

function refresh(response: ResponseFacts, stored: Stored, asked: Asked, policy: SettlePolicy): Settle {
  const etag = response.field("etag");
  // 4.3.4: a 304 about another representation updates nothing
  if (etag !== undefined && !sameRepresentation(etag, stored.etag)) {
    return { verdict: "refetch", reason: "validator-mismatch" };
  }
  const merged = responseFacts(
    stored.status,
    mergedBy304(validatedFields(stored, response), response.headers),
    response.requestedAtMs,
    response.receivedAtMs,
  );
  // a 304 to a question that named no validator proves nothing of the time since the stored response's own fetch
  const proven = stored.etag !== undefined || stored.lastModified !== undefined;
  const described = describe(merged, { ...asked, fence: proven ? asked.fence : stored.fence }, policy);
  const reason = "validated";
  if (typeof described !== "string") {
    return { verdict: "refresh", stored: { ...described, bodyLength: stored.bodyLength }, refusal: undefined, reason };
  }
  const headers = dated(kept(merged.headers), merged);
  const answers = {
    headers: asked.request.hasSession ? madePrivate(headers) : headers,
    receivedAtMs: response.receivedAtMs,
    initialAgeSeconds: initialAge(merged),
  };
  return { verdict: "refresh", stored: { ...stored, ...answers }, refusal: described, reason };
}

/** 4.3.4: a strong tag identifies exactly its like, a weak one what it matches weakly; neither a response without any. */
function sameRepresentation(etag: string, stored: string | undefined): boolean {
  if (stored === undefined) return false;
  return etag.startsWith("W/") ? weakMatch(etag, stored) : etag === stored;
}

/**
 * The stored fields that a 304 may leave as they are. Where it brings tags, under any vendor's name, the stored ones go; and
 * so does the stored Date, since a 304 without one was made now.
 */
function validatedFields(stored: Stored, response: ResponseFacts): HeaderPairs {
  const fields = [...stored.headers, ...stored.edgeHeaders].filter(([name]) => name.toLowerCase() !== "date");
  return hasTagField(response.field) ? fields.filter(([name]) => !isTagField(name)) : fields;
}

/** The response as a stored record, or the reason why it must not become one. */
function describe(response: ResponseFacts, { request, fence }: Asked, policy: SettlePolicy): Stored | ReasonCode {
  const lifetime = lifetimeOf(request, response, policy);
  const tags = readTags(response.field, policy.tags);
  const refusal = whyNotStorable(request, response, lifetime, tags, policy);
  if (refusal) return refusal;
  if (!fence) return "purge-unknown";
  const vary = readVary(response.field("vary"));
  if (!vary.storable) return vary.reason;
  if (!tags.usable) return tags.reason;
  const windows = staleWindows(response, policy);
  return {
    status: response.status,
    headers: dated(kept(response.headers), response),
    edgeHeaders: addressedToEdge(response.headers),
    receivedAtMs: response.receivedAtMs,
    initialAgeSeconds: initialAge(response),
    lifetimeSeconds: lifetime.seconds,
    staleWhileRevalidateSeconds: windows.whileRevalidate,
    staleIfErrorSeconds: windows.ifError,
    staleAllowed: windows.allowed,
    alwaysValidate: response.governing.directives.noCache,
    forAuthorization: forAuthorization(response, policy),
    forSession: forSession(response, policy),
    ...originValidators(response.field),
    variant: variantOf(vary.fields, request.field),
    targets: tags.tags.map((value) => targetHash({ kind: "tag", value })),
    fence,
  };
}

/** With a Date: a recipient that stores a response without one adds when it came (RFC 9110 6.6.1). */
function dated(headers: HeaderPairs, { field, receivedAtMs }: ResponseFacts): HeaderPairs {
  if (parseHttpDate(field("date") ?? "", receivedAtMs) !== undefined) return headers;
  const others = headers.filter(([name]) => name.toLowerCase() !== "date");
  return [...others, ["Date", formatHttpDate(receivedAtMs)]];
}

function passThrough(reason: ReasonCode, { request }: Asked): Settle {
  return { verdict: "pass-through", reason, addPrivate: request.hasSession };
}
