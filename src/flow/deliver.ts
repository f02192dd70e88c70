// Owns the response a client gets: from what is held or what the origin sent, with 304, HEAD, Age and Cache-Status.
import { cacheStatus, type Outcome, xCache } from "../http/cache-status.ts";
import { notModified, type Validators } from "../http/conditional.ts";
import type { RequestFacts, ResponseFacts } from "../http/facts.ts";
import { deliverable, sentOn304 } from "../http/field-table.ts";
import { declaredLength, type HeaderPairs } from "../http/fields.ts";
import { madePrivate } from "../http/private.ts";
import type { Failure } from "../http/settle.ts";
import { isBodyless } from "../http/status-table.ts";
import { ageSeconds, originValidators, remainingSeconds } from "../http/stored.ts";
import type { Found } from "../tiers/tier.ts";

/** What every response of one exchange shares. */
export interface Delivery {
  readonly facts: RequestFacts;
  readonly requestId: string;
  readonly nowMs: number;
}

/** A response from what is held: its Age is ours to tell (RFC 9111 5.1). */
export function deliverHeld(delivery: Delivery, { stored, body, tier }: Found, outcome: Outcome): Response {
  const ttlSeconds = outcome.ttlSeconds ?? Math.floor(remainingSeconds(stored, delivery.nowMs));
  const headers: HeaderPairs = [...stored.headers, ["Age", String(ageSeconds(stored, delivery.nowMs))]];
  const length = body.kind === "bytes" ? body.bytes.length : stored.bodyLength;
  const content = body.kind === "bytes" ? body.bytes : body.stream;
  const named = { ...outcome, ttlSeconds, tier: outcome.hit ? tier : undefined };
  return build(delivery, stored.status, headers, stored, content, length, named);
}

/** How the origin's own answer leaves. */
export interface AnswerManner {
  /** It is for one session, and caches below must know. */
  readonly addPrivate: boolean;
  /** The client's conditionals were kept from the origin, so they are ours to evaluate. */
  readonly evaluateConditionals: boolean;
}

/** The origin's own answer, whose body is `content`: itself, or the client's side of a fill. */
export function deliverAnswer(
  delivery: Delivery,
  response: ResponseFacts,
  content: BodyInit | null,
  outcome: Outcome,
  { addPrivate, evaluateConditionals }: AnswerManner,
): Response {
  const fields = deliverable(response.headers).filter(([name]) => name.toLowerCase() !== "content-length");
  const headers = addPrivate ? madePrivate(fields) : fields;
  // a 304 would lose the cookie
  const evaluates = evaluateConditionals && response.field("set-cookie") === undefined;
  const validators = evaluates ? originValidators(response.field) : undefined;
  return build(delivery, response.status, headers, validators, content, declaredLength(response.field), outcome);
}

function build(
  { facts, requestId, nowMs }: Delivery,
  status: number,
  fields: HeaderPairs,
  /** Absent where the client's conditionals are not ours to evaluate. */
  validators: Validators | undefined,
  content: BodyInit | null,
  length: number | undefined,
  outcome: Outcome,
): Response {
  const reading = facts.method === "GET" || facts.method === "HEAD";
  const unchanged =
    reading && status === 200 && validators !== undefined && notModified(facts.field, validators, nowMs);
  const headers = new Headers();
  for (const [name, value] of unchanged ? sentOn304(fields) : fields) headers.append(name, value);
  const bodyless = unchanged || facts.method === "HEAD" || isBodyless(status);
  if (length !== undefined && !unchanged && !isBodyless(status)) headers.set("Content-Length", String(length));
  if (!headers.has("date")) headers.set("Date", new Date(nowMs).toUTCString());
  headers.set("Cache-Status", cacheStatus(outcome, headers.get("cache-status") ?? undefined));
  headers.set("X-Cache", xCache(outcome));
  headers.set("X-Request-Id", requestId);
  if (bodyless && content instanceof ReadableStream) void content.cancel().catch(() => undefined);
  return new Response(bodyless ? null : content, { status: unchanged ? 304 : status, headers });
}

/** Nothing came from the origin and nothing may stand in. */
export function deliverFailure(delivery: Delivery, failure: Failure, outcome: Outcome): Response {
  const { status, title } = FAILURES[failure];
  return deliverProblem(delivery, status, title, outcome);
}

const FAILURES = {
  "origin-timeout": { status: 504, title: "the origin did not answer in time" },
  "origin-unreachable": { status: 502, title: "the origin cannot be reached" },
  "origin-invalid": { status: 502, title: "the origin's answer is not a final HTTP response" },
} as const satisfies Record<Failure, { status: number; title: string }>;

/** Our own errors, as RFC 9457 problem details. */
export function deliverProblem(
  { facts, requestId }: Pick<Delivery, "facts" | "requestId">,
  status: number,
  title: string,
  outcome: Outcome,
): Response {
  const problem = JSON.stringify({ type: "about:blank", title, status, code: outcome.settled ?? outcome.reason });
  return new Response(facts.method === "HEAD" ? null : problem, {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "X-Request-Id": requestId,
      "Cache-Status": cacheStatus(outcome, undefined),
      "X-Cache": xCache(outcome),
      ...(status >= 500 && { "Retry-After": RETRY_AFTER_SECONDS }),
    },
  });
}

const RETRY_AFTER_SECONDS = "5";
