// Owns the Cache-Status member and the X-Cache word that report a decision (RFC 9211).
import { parseList } from "structured-headers";
import { fwdOf, type ReasonCode } from "../law/reasons.ts";

/** How this cache handled one request. */
export interface Outcome {
  readonly reason: ReasonCode;
  /** The tier that held the response, where one answered. */
  readonly tier?: string | undefined;
  readonly hit: boolean;
  /** Remaining freshness in whole seconds, negative when stale (RFC 9211 2.4). */
  readonly ttlSeconds?: number | undefined;
  /** The status the origin answered with, where it was asked (RFC 9211 2.3). */
  readonly fwdStatus?: number | undefined;
  readonly stored?: boolean | undefined;
  /** Another request's fetch answered this one, or failed for it (RFC 9211 2.6). */
  readonly collapsed?: boolean | undefined;
  /** The unkeyed fields that kept the answer out of the store, where the client may know. */
  readonly unkeyed?: readonly string[] | undefined;
  /** Why the answer was stored, or not; on a hit, what the edge could not prove. */
  readonly settled?: ReasonCode | undefined;
}

/**
 * `previous`: the reports of caches nearer to the origin; ours is appended (RFC 9211 2). Every value is a token or an
 * integer by construction, so the member is written as the RFC's own examples are.
 */
export function cacheStatus(outcome: Outcome, previous: string | undefined): string {
  const parts = ["strata"];
  const fwd = fwdOf(outcome.reason);
  if (outcome.hit) parts.push("hit");
  else if (fwd) parts.push(`fwd=${fwd}`);
  if (outcome.fwdStatus !== undefined) parts.push(`fwd-status=${String(outcome.fwdStatus)}`);
  if (outcome.stored) parts.push("stored");
  if (outcome.collapsed) parts.push("collapsed");
  if (outcome.ttlSeconds !== undefined) parts.push(`ttl=${String(outcome.ttlSeconds)}`);
  parts.push(`detail=${detailOf(outcome)}`);
  // names of fields are tokens, so nothing in them ends the String
  if (outcome.unkeyed) parts.push(`unkeyed="${outcome.unkeyed.join(" ")}"`);
  const ours = parts.join("; ");
  return previous !== undefined && isList(previous) ? `${previous}, ${ours}` : ours;
}

/** A field that is no list would make our member unreadable, too. */
function isList(value: string): boolean {
  try {
    return parseList(value).length > 0;
  } catch {
    return false;
  }
}

/** `reason`, then where it came from, then how it settled: `fresh/memory`, `uri-miss/no-store`, `fresh/colo/purge-unknown`. */
export function detailOf({ reason, tier, settled }: Outcome): string {
  const how = settled === "stored" || settled === reason ? undefined : settled;
  const found = tier === undefined ? reason : `${reason}/${tier}`;
  return how === undefined ? found : `${found}/${how}`;
}

export type XCache = "HIT" | "STALE" | "REVALIDATED" | "MISS" | "BYPASS";

export function xCache({ hit, reason, settled }: Outcome): XCache {
  if (hit) return reason === "fresh" ? "HIT" : "STALE";
  if (settled === "stale-if-error") return "STALE";
  if (settled === "validated") return "REVALIDATED";
  const fwd = fwdOf(reason);
  return fwd === "bypass" || fwd === "method" ? "BYPASS" : "MISS";
}
