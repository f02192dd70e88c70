// Owns reading what the edge says of an answer: the `strata` member of Cache-Status (RFC 9211).
import { parseList, type List } from "structured-headers";

export interface CacheVerdict {
  readonly outcome: "hit" | "revalidated" | "forwarded" | "unknown";
  /** The part of the field that tells the outcome: `hit`, `fwd=uri-miss`, `fwd=stale; fwd-status=304`. */
  readonly how: string;
  /** The `detail` parameter: why. */
  readonly reason: string;
  readonly stored: boolean;
}

const CACHE_NAME = "strata";

export function readCacheStatus(field: string | undefined): CacheVerdict {
  const parameters = strataMember(field);
  if (parameters === undefined) return { outcome: "unknown", how: "no Cache-Status", reason: "-", stored: false };
  const text = (name: string): string | undefined => parameters.get(name)?.toString();
  const reason = text("detail") ?? "-";
  // RFC 9211 2.1: a hit was not forwarded; a boolean parameter may be present as ?0.
  if (parameters.get("hit") === true) return { outcome: "hit", how: "hit", reason, stored: false };
  const stored = parameters.get("stored") === true;
  const forwarded = text("fwd");
  if (forwarded === undefined) return { outcome: "unknown", how: "neither hit nor fwd", reason, stored };
  const revalidated = text("fwd-status") === "304";
  return {
    outcome: revalidated ? "revalidated" : "forwarded",
    how: `fwd=${forwarded}${revalidated ? "; fwd-status=304" : ""}`,
    reason,
    stored,
  };
}

type Parameters = List[number][1];

function strataMember(field: string | undefined): Parameters | undefined {
  if (field === undefined) return undefined;
  try {
    return parseList(field).find(([name]) => String(name) === CACHE_NAME)?.[1];
  } catch {
    // RFC 9651 4.2: a field that fails to parse is ignored as a whole.
    return undefined;
  }
}
