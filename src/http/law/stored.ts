// Owns the stored response: plain data, everything a later decision needs, decided once when it was stored.
import type { Validators } from "../message/conditional.ts";
import { parseHttpDate } from "../message/dates.ts";
import type { FieldReader, HeaderPairs } from "../message/fields.ts";
import type { ContentRange } from "../message/range.ts";
import type { TargetHash } from "../targets/target.ts";
import type { Variant } from "../select/vary.ts";

/** The state of the purge log as this isolate knew it before it sent the request. A purge with a higher number applies to the response. */
export interface Fence {
  readonly incarnation: string;
  readonly seq: number;
}

export interface Stored {
  readonly status: number;
  /** Delivered to clients; Cache-Status of caches behind us included. */
  readonly headers: HeaderPairs;
  /** Fields addressed to this cache, tags among them: needed again when a 304 is merged, never delivered. */
  readonly edgeHeaders: HeaderPairs;
  /** Present on an incomplete response, status 206: which part of the whole its body is. */
  readonly part?: ContentRange | undefined;
  /** Bytes of the body as stored, where known. */
  readonly bodyLength?: number | undefined;
  readonly receivedAtMs: number;
  /** corrected_initial_age, seconds (RFC 9111 4.2.3). */
  readonly initialAgeSeconds: number;
  readonly lifetimeSeconds: number;
  /** How long past expiry it may answer while it is refreshed / when the origin fails; 0 where stale is forbidden. */
  readonly staleWhileRevalidateSeconds: number;
  readonly staleIfErrorSeconds: number;
  /** Whether a request's max-stale may use it (RFC 9111 4.2.4). */
  readonly staleAllowed: boolean;
  /** no-cache: validated before every reuse. */
  readonly alwaysValidate: boolean;
  /** May answer a request with Authorization (RFC 9111 3.5) / with a session cookie. */
  readonly forAuthorization: boolean;
  readonly forSession: boolean;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** The origin's Date, where it sent one. It can make Last-Modified strong (RFC 9110 8.8.2.2). */
  readonly dateMs?: number | undefined;
  /** Shown to clients instead of the origin's ETag: one made here from the bytes, or the origin's weakened. Never sent upstream. */
  readonly shownEtag?: string | undefined;
  /** The body is text that may leave encoded, unless it is a part, whose neighbours have to match it (see compressible.ts). */
  readonly compressible?: boolean | undefined;
  /** Its length was unknown when it was first sent, so a client may have received it encoded, however short it turned out to be. */
  readonly openEnded?: boolean | undefined;
  readonly variant: Variant;
  readonly targets: readonly TargetHash[];
  readonly fence: Fence;
}

/** Age in whole seconds, rounded down as Age fields are (RFC 9111 4.2.3). */
export function ageSeconds(stored: Stored, nowMs: number): number {
  return Math.floor(preciseAge(stored, nowMs));
}

/** Seconds until it is stale; negative afterwards. */
export function remainingSeconds(stored: Stored, nowMs: number): number {
  return stored.lifetimeSeconds - preciseAge(stored, nowMs);
}

function preciseAge(stored: Stored, nowMs: number): number {
  return stored.initialAgeSeconds + Math.max(0, nowMs - stored.receivedAtMs) / 1000;
}

/** How long a tier keeps it, seconds: fresh, stale windows, and a while for validation. */
export function storageSeconds(stored: Stored): number {
  const windows = Math.max(stored.staleWhileRevalidateSeconds, stored.staleIfErrorSeconds);
  const validatable = stored.etag !== undefined || stored.lastModified !== undefined ? VALIDATION_SECONDS : 0;
  const fresh = Math.max(0, stored.lifetimeSeconds - stored.initialAgeSeconds);
  return Math.min(Math.ceil(fresh + Math.max(windows, validatable)), MAX_STORAGE_SECONDS);
}

/** The longest time that any tier keeps a response without asking the origin: the log can forget purges older than this. */
export const MAX_STORAGE_SECONDS = 30 * 24 * 3600;
/** A stale response with a validator stays worth a 304 for this long. */
const VALIDATION_SECONDS = 3600;

/** The validators that a client's conditionals are compared with. */
export function shownValidators({ etag, shownEtag, lastModified, dateMs, receivedAtMs }: Stored): Validators {
  return { etag: shownEtag ?? etag, lastModified, dateMs: dateMs ?? receivedAtMs };
}

/** The header section a client sees. */
export function shownFields({ headers, shownEtag }: Stored): HeaderPairs {
  if (shownEtag === undefined) return headers;
  return [...headers.filter(([name]) => name.toLowerCase() !== "etag"), ["ETag", shownEtag]];
}

/** Which validators to send upstream (RFC 9111 4.3.1). */
export function storedValidators(stored: Stored): HeaderPairs {
  const pairs: [string, string][] = [];
  if (stored.etag !== undefined) pairs.push(["if-none-match", stored.etag]);
  if (stored.lastModified !== undefined) pairs.push(["if-modified-since", stored.lastModified]);
  return pairs;
}

/** Validators as the origin sent them; a malformed one is none. */
export function originValidators({
  field,
  receivedAtMs,
}: {
  readonly field: FieldReader;
  readonly receivedAtMs: number;
}): Validators {
  const etag = field("etag");
  const lastModified = field("last-modified");
  const date = field("date");
  const isDate = lastModified !== undefined && parseHttpDate(lastModified, receivedAtMs) !== undefined;
  return {
    etag: etag !== undefined && ETAG.test(etag) ? etag : undefined,
    lastModified: isDate ? lastModified : undefined,
    dateMs: date === undefined ? undefined : parseHttpDate(date, receivedAtMs),
  };
}

const ETAG = /^(W\/)?"[\x21\x23-\x7e\x80-\uffff]*"$/;
