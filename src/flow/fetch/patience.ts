// Owns patience: how long a request waits for an answer of the origin where something stale may stand in.
import { fwdOf } from "../../http/law/reasons.ts";
import { settleFailure } from "../../http/law/settle.ts";
import type { Seen } from "../lookup/lookup.ts";
import type { CacheRequest } from "../cache-request.ts";

/** Milliseconds; `undefined` where nothing may stand in. */
export function patienceFor({ rule }: CacheRequest, { decided, purge, nowMs }: Seen): number | undefined {
  // who insists on a validation waits for it (RFC 9111 5.2.1.4)
  if (fwdOf(decided.reason) === "request") return undefined;
  const stored = decided.verdict === "revalidate" ? decided.stored : undefined;
  const verdict = settleFailure("origin-timeout", { stored, purge }, nowMs);
  return verdict.verdict === "serve-stale" ? rule.patienceMs : undefined;
}
