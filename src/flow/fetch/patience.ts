// Owns patience: how long a request waits for the origin before a stale response stands in.
import { fwdOf } from "../../http/law/reasons.ts";
import { settleFailure } from "../../http/law/settle.ts";
import type { CacheRequest } from "../cache-request.ts";

/** Milliseconds; `undefined` where no stale response may stand in. */
export function patienceFor({ rule, verdict, found, purge, nowMs }: CacheRequest): number | undefined {
  // a client that insists on a validation waits for it (RFC 9111 5.2.1.4)
  if (fwdOf(verdict.reason) === "request") return undefined;
  const held = verdict.verdict === "revalidate" ? found : undefined;
  const failed = settleFailure("origin-timeout", { held, purge }, nowMs);
  return failed.verdict === "serve-stale" ? rule.patienceMs : undefined;
}
