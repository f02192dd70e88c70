// Owns the edge's own error answers: problem details (RFC 9457) with their Cache-Status.
import type { Outcome } from "../../http/answer/cache-status.ts";
import type { Failure } from "../../http/law/settle.ts";
import type { Delivery } from "./delivery.ts";
import { setDiagnostics } from "./diagnostics.ts";

/** The origin gave no answer, and no stored response may stand in. */
export function deliverFailure(delivery: Delivery, { reason, retryAfterSeconds }: Failed, outcome: Outcome): Response {
  const { status, title } = FAILURES[reason];
  return deliverProblem(delivery, status, title, outcome, retryAfterSeconds);
}

/** `retryAfterSeconds`: absent where nobody knows when another try may help. */
export interface Failed {
  readonly reason: Failure;
  readonly retryAfterSeconds?: number | undefined;
}

const FAILURES = {
  "origin-timeout": { status: 504, title: "the origin did not answer in time" },
  "origin-unreachable": { status: 502, title: "the origin cannot be reached" },
  "origin-resting": { status: 503, title: "the origin has failed often and is given time to recover" },
  "origin-invalid": { status: 502, title: "the origin's answer is not a final HTTP response" },
} as const satisfies Record<Failure, { status: number; title: string }>;

export function deliverProblem(
  { facts, exchange, nowMs }: Pick<Delivery, "facts" | "exchange" | "nowMs">,
  status: number,
  title: string,
  outcome: Outcome,
  retryAfterSeconds = RETRY_AFTER_SECONDS,
): Response {
  const problem = JSON.stringify({ type: "about:blank", title, status, code: outcome.settled ?? outcome.reason });
  const headers = new Headers({
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    Date: new Date(nowMs).toUTCString(),
    ...(RETRIABLE.has(status) && { "Retry-After": String(retryAfterSeconds) }),
  });
  setDiagnostics(headers, exchange, outcome);
  return new Response(facts.method === "HEAD" ? null : problem, { status, headers });
}

const RETRY_AFTER_SECONDS = 5;
/** Statuses for which another try may help. */
const RETRIABLE: ReadonlySet<number> = new Set([502, 503, 504]);
