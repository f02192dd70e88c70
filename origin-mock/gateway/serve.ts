// Owns how the gateway answers reads: look up, else let one request run the route while the others wait, then store.
import type { Context, MiddlewareHandler, Next } from "hono";
import { type GatewayOutcome, noteSpan, type ShopEnv } from "../http/trace.ts";
import { userTag } from "../invalidation/names.ts";
import { type Answer, answerOf, deliver, fieldOf } from "./answer.ts";
import { takeBody } from "./body.ts";
import { createFlights, type Flight } from "./flights.ts";
import { mayHave, mayShare, plainRequest, type Plan, planOf } from "./plan.ts";
import { keepingOf } from "./policy.ts";
import type { Fence, GatewayCache, Lookup } from "./response-cache.ts";
import { tagsOf } from "./tags.ts";

export interface ServeParts {
  readonly cache: GatewayCache;
  readonly monotonicMs: () => number;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}
interface Kept {
  readonly answer: Answer;
  readonly lifetimeMs: number;
}
type Land = (answer: Answer | undefined) => void;

const LARGEST_BODY_BYTES = 256 * 1024;
/** How long followers wait for a leader, counted from its start. */
const PATIENCE_MS = 2_000;

/**
 * Takes the route's answer whole, as plain data. Undefined for an answer that must not be stored or is too large,
 * which goes on as it came.
 */
async function takeAnswer(c: Context, plan: Plan, nowMs: number): Promise<Kept | undefined> {
  const response = c.res;
  const head = answerOf(response, new Uint8Array(), nowMs);
  const keeping = keepingOf(head, plan.row, plan.asker);
  if (c.error !== undefined || keeping.keep === "nothing") return undefined;
  // Hono would copy these headers, and so their lifetime, to the response that replaces this one: a 500 when the body
  // breaks off.
  c.res = undefined;
  const body = await takeBody(response, LARGEST_BODY_BYTES);
  switch (body.kind) {
    case "too-large":
      c.res = body.response;
      return undefined;
    case "whole":
      return { answer: { ...head, body: body.bytes }, lifetimeMs: keeping.lifetimeMs };
  }
}

function tagsFor({ person }: Plan, answer: Answer): readonly string[] {
  return [...(tagsOf(fieldOf(answer, "cache-tag")) ?? []), ...(person === undefined ? [] : [userTag(person.username)])];
}

/**
 * Followers share a leader's answer only behind the same fence, so that no purge came between. Undefined without
 * Redis, because this process then misses other processes' purges.
 */
function flightName(plan: Plan, lookup: Lookup): string | undefined {
  return mayShare(plan) && lookup.kind !== "unknown"
    ? `${plan.name} behind ${lookup.fence.incarnation} ${lookup.fence.seq}`
    : undefined;
}

function createFill({ cache, monotonicMs, nowMs }: ServeParts) {
  const keep = async (plan: Plan, fence: Fence, { answer, lifetimeMs }: Kept): Promise<void> =>
    cache.store(plan.name, { answer, tags: tagsFor(plan, answer), fence, lifetimeMs });

  /** Runs the route. Resolves with the milliseconds it took. */
  return async (c: Context<ShopEnv>, next: Next, plan: Plan, lookup: Lookup, land: Land): Promise<number> => {
    c.req.raw = plainRequest(c, plan);
    const startMs = monotonicMs();
    try {
      await next();
      const routeMs = monotonicMs() - startMs;
      const kept = await takeAnswer(c, plan, nowMs());
      if (kept === undefined) return routeMs;
      land(kept.answer);
      if (lookup.kind !== "unknown") await keep(plan, lookup.fence, kept);
      c.res = deliver(kept.answer, plan.reader, undefined).response;
      return routeMs;
    } finally {
      // Releases the followers whatever went wrong.
      land(undefined);
    }
  };
}

export function serve(parts: ServeParts): MiddlewareHandler<ShopEnv> {
  const { cache, monotonicMs } = parts;
  const flights = createFlights<Answer>(PATIENCE_MS);
  const fill = createFill(parts);

  return async (c, next) => {
    const startMs = monotonicMs();
    const note = (outcome: GatewayOutcome, elsewhereMs: number): void =>
      noteSpan(c.var.trace, { tier: "gateway", outcome, ms: monotonicMs() - startMs - elsewhereMs });
    const give = (answer: Answer, plan: Plan, ageMs: number | undefined, outcome: GatewayOutcome): Response => {
      const { response, notModified } = deliver(answer, plan.reader, ageMs);
      note(notModified ? "revalidated" : outcome, 0);
      return response;
    };

    const plan = await planOf(c, parts.nowMs());
    if (plan === undefined) {
      note("bypass", 0);
      return next();
    }
    const lookup = await cache.lookUp(plan.name);
    if (lookup.kind === "hit" && mayHave(plan, lookup.answer)) return give(lookup.answer, plan, lookup.ageMs, "hit");
    const name = flightName(plan, lookup);
    const flight: Flight<Answer> | undefined = name === undefined ? undefined : flights.join(name);
    if (flight?.kind === "follow") {
      const answer = await flight.answer;
      if (answer !== undefined) return give(answer, plan, undefined, "shared");
    }
    const land: Land = flight?.kind === "lead" ? flight.land : () => undefined;
    const routeMs = await fill(c, next, plan, lookup, land);
    return note(lookup.kind === "unknown" ? "bypass" : "miss", routeMs);
  };
}
