// Owns idempotency keys (draft-ietf-httpapi-idempotency-key-header): a request runs once, and its first answer is replayed.
import type { Context, MiddlewareHandler } from "hono";
import { invalid, problem } from "../http/problem.ts";
import type { ShopEnv } from "../http/trace.ts";
import { type Answer, answerOf, decodeAnswer, deliver, encodeHead } from "./answer.ts";
import { digestOf, gatewayName, joinParts } from "./names.ts";
import { type GatewayRedis, textOf } from "./port.ts";

export interface IdempotencyParts {
  readonly redis: GatewayRedis;
  readonly newId: () => string;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly report: (what: string, error: unknown) => void;
}

const KEPT_MS = 24 * 60 * 60_000;
/** A first attempt that takes longer has died or lost its answer, so its effect is unknown. */
const LONGEST_RUN_MS = 60_000;

// KEYS: attempt. ARGV: body's digest, this attempt's id, milliseconds to keep.
const BEGIN = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local first = redis.call('HMGET', KEYS[1], 'body', 'state', 'begun', 'head', 'answer')
if not first[1] then
  redis.call('HSET', KEYS[1], 'body', ARGV[1], 'attempt', ARGV[2], 'state', 'running', 'begun', string.format('%d', now))
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return { 'begun' }
end
if first[1] ~= ARGV[1] then return { 'other' } end
if first[2] == 'done' then return { 'done', first[4], first[5] } end
if first[2] == 'running' and now - tonumber(first[3]) < ${LONGEST_RUN_MS} then return { 'running' } end
return { 'unknown' }
`;

// KEYS: attempt. ARGV: this attempt's id, state, head, body.
const END = `
if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'head', ARGV[3], 'answer', ARGV[4])
return 1
`;

type First =
  | { readonly kind: "begun" | "other" | "running" | "unknown" }
  | { readonly kind: "done"; readonly answer: Answer };

function parseFirst(reply: unknown): First {
  const [kind, head, body]: readonly unknown[] = Array.isArray(reply) ? reply : [];
  const state = textOf(kind);
  if (state === "begun" || state === "other" || state === "running") return { kind: state };
  const text = textOf(head);
  if (state !== "done" || text === undefined || !Buffer.isBuffer(body)) return { kind: "unknown" };
  const answer = decodeAnswer(text, new Uint8Array(body));
  return answer === undefined ? { kind: "unknown" } : { kind: "done", answer };
}

/** A structured-field string (RFC 9651 3.3.3). The bare form that many clients send is accepted too. */
const KEY = /^(?:"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\w.~-]{1,255}))$/;

const FIELD = "Idempotency-Key";
const SOON = { "Retry-After": "1" } as const;

/** The answer instead of another run. Undefined for the first attempt. */
function refusal(c: Context, first: First, nowMs: number): Response | undefined {
  switch (first.kind) {
    case "begun":
      return undefined;
    case "other":
      return problem(c, 422, `this ${FIELD} was used with another body`);
    case "running":
      return problem(c, 409, `the first request with this ${FIELD} is still being answered`, { headers: SOON });
    case "unknown":
      return problem(c, 409, `what the first request with this ${FIELD} did is not known: look, then use another key`);
    case "done":
      return deliver(first.answer, { field: () => undefined, nowMs }, undefined).response;
  }
}

/**
 * For routes that charge or order, behind the gateway's admission. Without the field, and for unknown clients, it does
 * nothing. In doubt nothing runs: 503 without Redis, 409 after a crash or a 5xx, which may have done its work. Redis
 * may forget, so an effect that must never happen twice is also unique in the database. An attempt that Redis accepted
 * too late counts as begun.
 */
export function idempotent({ redis, newId, nowMs, report }: IdempotencyParts): MiddlewareHandler<ShopEnv> {
  const end = async (name: string, attempt: string, state: string, answer: Answer | undefined): Promise<void> => {
    const [head, body] = answer === undefined ? ["", ""] : [encodeHead(answer), Buffer.from(answer.body)];
    try {
      await redis.run(END, [name], [attempt, state, head, body]);
    } catch (error) {
      // The attempt stays refused until Redis forgets it.
      report("idempotency", error);
    }
  };

  const begin = async (name: string, bodyDigest: string, attempt: string): Promise<First | undefined> => {
    try {
      return parseFirst(await redis.run(BEGIN, [name], [bodyDigest, attempt, String(KEPT_MS)]));
    } catch (error) {
      report("idempotency", error);
      return undefined;
    }
  };

  return async (c, next) => {
    const field = c.req.header(FIELD);
    if (field === undefined) return next();
    const [, quoted, plain] = KEY.exec(field.trim()) ?? [];
    const key = quoted ?? plain;
    if (key === undefined) {
      return invalid(c, [{ in: "header", at: FIELD, detail: "must be a string of 1 to 255 visible characters" }]);
    }
    const identity = await c.var.identity();
    if (identity === undefined) return next();
    const name = gatewayName("idempotency", digestOf(joinParts([identity.username, c.req.method, c.req.path, key])));
    const attempt = newId();
    const first = await begin(name, digestOf(new Uint8Array(await c.req.arrayBuffer())), attempt);
    if (first === undefined) {
      return problem(c, 503, `it cannot be told whether this ${FIELD} was used before`, { headers: SOON });
    }
    const refused = refusal(c, first, nowMs());
    if (refused !== undefined) return refused;
    await next();
    if (c.error !== undefined || c.res.status >= 500) return end(name, attempt, "unknown", undefined);
    const response = c.res;
    // Hono would copy its headers to the response that replaces it.
    c.res = undefined;
    const answer = answerOf(response, new Uint8Array(await response.arrayBuffer()), nowMs());
    await end(name, attempt, "done", answer);
    c.res = new Response(answer.body, response);
  };
}
