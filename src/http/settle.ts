// Owns the second question of a cache: what do I do with what the origin said? (RFC 9111 3, 4.3.3, 4.3.4)
import { formatHttpDate, parseHttpDate } from "./dates.ts";
import { weakMatch } from "./etag.ts";
import { type RequestFacts, type ResponseFacts, responseFacts } from "./facts.ts";
import { declaredLength, type HeaderPairs } from "./fields.ts";
import { addressedToEdge, kept, mergedBy304 } from "./field-table.ts";
import { initialAge, type LifetimePolicy, lifetimeOf, type StaleWindows, staleWindows } from "./freshness.ts";
import { groupTarget, readGroups } from "./groups.ts";
import { combinedRecord, lengthOf, partOf } from "./parts.ts";
import { madePrivate } from "./private.ts";
import type { ReasonCode } from "./reasons.ts";
import type { PurgeState } from "./reuse.ts";
import { forAuthorization, forSession, type SharingPolicy, whyNotStorable } from "./storable.ts";
import { isServerFailure } from "./status-table.ts";
import { type Fence, originValidators, remainingSeconds, type Stored } from "./stored.ts";
import { hasTagField, isTagField, readTags } from "./tags.ts";
import { type Target, type TargetHash, targetHash } from "./target.ts";
import { undoneCoding, weakened, withoutCoding } from "./undone.ts";
import { readVary, variantOf } from "./vary.ts";

/** Why no response came. */
export type Failure = "origin-unreachable" | "origin-timeout" | "origin-invalid";

export interface SettlePolicy extends LifetimePolicy, SharingPolicy {
  readonly tags: readonly string[];
  /** The rule declares codings: a body leaves in the coding it came in. */
  readonly keepCodings: boolean;
}

/** What was asked of the origin and on what ground. */
export interface Asked {
  readonly request: RequestFacts;
  /** The stored response being validated, where there is one. */
  readonly stored: Stored | undefined;
  /** The stored part whose rest was asked for. */
  readonly prefix: Stored | undefined;
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
  /** The rest of a stored part: with what is held before it, it is the whole. */
  | { readonly verdict: "complete"; readonly stored: Stored; readonly reason: ReasonCode }
  | ServeStale
  /** `addPrivate`: the answer is for one session, and caches below must know. `freshened`: what a HEAD confirmed. */
  | {
      readonly verdict: "pass-through";
      readonly reason: ReasonCode;
      readonly addPrivate: boolean;
      readonly freshened?: Stored | undefined;
    }
  /** The validation, or the completion, went wrong: ask once more, for the whole. */
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
  if (asked.prefix && (response.status === 206 || response.status === 416)) {
    return complete(response, asked.prefix, asked, policy);
  }
  const stale = isServerFailure(response.status) ? staleIfError(asked, nowMs) : undefined;
  if (stale) return stale;
  if (asked.request.method === "HEAD" && stored && response.status === 200) {
    return head(response, stored, asked, policy);
  }
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

/** RFC 9111 3.4: the rest belongs to the part before it, or the whole has to be fetched. */
function complete(response: ResponseFacts, prefix: Stored, asked: Asked, policy: SettlePolicy): Settle {
  const rest = describe(response, asked, policy);
  const whole = typeof rest === "string" ? undefined : combinedRecord(prefix, rest);
  if (!whole || whole.part || typeof rest === "string" || rest.part?.first !== (prefix.part?.last ?? 0) + 1) {
    return { verdict: "refetch", reason: "part-mismatch" };
  }
  return { verdict: "complete", stored: whole, reason: "completed" };
}

/**
 * 4.3.5: what HEAD says of the body, where it says anything, fits the stored one or does not. An answer that says nothing of it
 * changes nothing.
 */
function head(response: ResponseFacts, stored: Stored, asked: Asked, policy: SettlePolicy): Settle {
  const said = originValidators(response);
  const length = declaredLength(response.field);
  const comparisons = [
    [said.etag, stored.etag],
    [said.lastModified, stored.lastModified],
    [length, stored.bodyLength],
  ].filter(([theirs]) => theirs !== undefined);
  if (comparisons.length === 0) return passThrough("head-response", asked);
  if (comparisons.some(([theirs, ours]) => theirs !== ours)) return passThrough("head-mismatch", asked);
  const merged = mergedFacts(stored, response);
  // as for a GET, but only an entity tag proves that nothing happened since the stored response's own fetch
  const request: RequestFacts = { ...asked.request, method: "GET" };
  const fence = said.etag === undefined ? stored.fence : asked.fence;
  const described = describe(merged, { ...asked, request, fence }, policy);
  if (typeof described === "string") return passThrough(described, asked);
  return { ...passThrough("head-freshened", asked), freshened: { ...described, ...bodyOf(stored) } };
}

/** What describes the body that is held, whatever a newer header section says. */
function bodyOf({ bodyLength, shownEtag, coding }: Stored): Pick<Stored, "bodyLength" | "shownEtag" | "coding"> {
  return { bodyLength, shownEtag, coding };
}

/** The stored response as the origin now describes it. */
function mergedFacts(stored: Stored, response: ResponseFacts): ResponseFacts {
  const { requestedAtMs, receivedAtMs } = response;
  const fields = mergedBy304(validatedFields(stored, response), response.headers);
  return responseFacts(stored.status, fields, requestedAtMs, receivedAtMs);
}

function refresh(response: ResponseFacts, stored: Stored, asked: Asked, policy: SettlePolicy): Settle {
  // 4.3.4: a 304 about another representation updates nothing
  if (!sameRepresentation(response, stored)) return { verdict: "refetch", reason: "validator-mismatch" };
  const merged = mergedFacts(stored, response);
  // a 304 to a question that named no validator proves nothing of the time since the stored response's own fetch
  const proven = stored.etag !== undefined || stored.lastModified !== undefined;
  const described = describe(merged, { ...asked, fence: proven ? asked.fence : stored.fence }, policy);
  const reason = "validated";
  if (typeof described !== "string") {
    return { verdict: "refresh", stored: { ...described, ...bodyOf(stored) }, refusal: undefined, reason };
  }
  const headers = dated(kept(merged.headers), merged);
  const answers = {
    headers: asked.request.hasSession ? madePrivate(headers) : headers,
    receivedAtMs: response.receivedAtMs,
    initialAgeSeconds: initialAge(merged),
  };
  return { verdict: "refresh", stored: { ...stored, ...answers }, refusal: described, reason };
}

/**
 * 4.3.4: a strong tag identifies exactly its like, a weak one what it matches weakly; neither a response without any. A date
 * alone identifies what has the same one.
 */
function sameRepresentation({ field, receivedAtMs }: ResponseFacts, stored: Stored): boolean {
  const etag = field("etag");
  if (etag !== undefined) {
    if (stored.etag === undefined) return false;
    return etag.startsWith("W/") ? weakMatch(etag, stored.etag) : etag === stored.etag;
  }
  const theirs = parseHttpDate(field("last-modified") ?? "", receivedAtMs);
  const ours = parseHttpDate(stored.lastModified ?? "", receivedAtMs);
  return theirs === undefined || ours === undefined || theirs === ours;
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
  const vary = readVary(response.field("vary"), request.declared);
  if (!vary.storable) return vary.reason;
  if (!tags.usable) return tags.reason;
  const part = partOf(response);
  const windows = part ? NO_WINDOWS : staleWindows(response, policy);
  const validators = originValidators(response);
  const coding = undoneCoding(response);
  const headers = kept(coding === undefined ? response.headers : withoutCoding(response.headers));
  return {
    status: response.status,
    headers: dated(part ? withoutRange(headers) : headers, response),
    part,
    coding: policy.keepCodings ? coding : undefined,
    shownEtag: coding !== undefined && validators.etag !== undefined ? weakened(validators.etag) : undefined,
    bodyLength: part && lengthOf(part),
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
    ...validators,
    variant: variantOf(vary.fields, request.field),
    targets: targetsOf(request, response, tags.tags),
    fence,
  };
}

function targetsOf({ location }: RequestFacts, { field }: ResponseFacts, tags: readonly string[]): TargetHash[] {
  const groups = readGroups(field).map((group) => groupTarget(location, group));
  return [...tags.map((value): Target => ({ kind: "tag", value })), ...groups].map(targetHash);
}

/** A part answers while it is fresh, or not at all. */
const NO_WINDOWS: StaleWindows = { allowed: false, whileRevalidate: 0, ifError: 0 };

/** Each answer made from a part says its own range. */
function withoutRange(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => name.toLowerCase() !== "content-range");
}

/** With a Date: a recipient that stores a response without one adds when it came (RFC 9110 6.6.1). */
function dated(headers: HeaderPairs, { field, receivedAtMs }: ResponseFacts): HeaderPairs {
  if (parseHttpDate(field("date") ?? "", receivedAtMs) !== undefined) return headers;
  const others = headers.filter(([name]) => name.toLowerCase() !== "date");
  return [...others, ["Date", formatHttpDate(receivedAtMs)]];
}

function passThrough(reason: ReasonCode, { request }: Asked): Settle & { verdict: "pass-through" } {
  return { verdict: "pass-through", reason, addPrivate: request.hasSession };
}
