// Owns the mistakes a shop can be built with: each takes exactly one protection out of the real one and leaves the rest.
import { AsyncLocalStorage } from "node:async_hooks";
import type { TierPolicy } from "../../../origin-mock/cache/tier-policy.ts";
import type { EventRecorder } from "../../../origin-mock/events/port.ts";
import type { GatewayCache } from "../../../origin-mock/gateway/response-cache.ts";
import { POLICY, TIER_POLICY } from "../../../origin-mock/http/policy.ts";
import type { InvalidationResult, MultiTierInvalidation } from "../../../origin-mock/invalidation/multi-tier.ts";
import { mergeTargets, type Targets } from "../../../origin-mock/invalidation/targets.ts";

export type Fields = Readonly<Record<string, string>>;
export type TierName = "application" | "gateway" | "cdn";
type Policies = Readonly<
  Partial<Record<keyof typeof TIER_POLICY, TierPolicy>> & Partial<Record<keyof typeof POLICY, Fields>>
>;

export interface Mistake {
  /** Rows of the shop's tables of policies, written otherwise. */
  readonly policy?: Policies;
  /** All that the gateway's key is made of. */
  readonly gatewayKey?: (request: Request) => string;
  /** What becomes of a request before it is answered. */
  readonly entering?: (request: Request) => Promise<Request>;
  /** What becomes of an answer on its way to the edge. */
  readonly leaving?: (response: Response, request: Request) => Response;
  readonly invalidation?: (right: MultiTierInvalidation) => MultiTierInvalidation;
  readonly events?: (right: EventRecorder) => EventRecorder;
}

const ROWS: Readonly<Record<string, object>> = { ...TIER_POLICY, ...POLICY };

function replace(row: object, by: object): void {
  for (const name of Object.keys(row)) Reflect.deleteProperty(row, name);
  Object.assign(row, by);
}

/** The tables are the process's own, so this holds for every shop in it, until what is returned is called. */
export function restatePolicy(policies: Policies): () => void {
  const changes = Object.entries(policies).map(([name, by]) => {
    const row = ROWS[name];
    if (row === undefined) throw new Error(`there is no policy ${name}`);
    return { row, by, before: { ...row } };
  });
  for (const { row, by } of changes) replace(row, by);
  return () => {
    for (const { row, before } of changes) replace(row, before);
  };
}

/** With these fields in the place of the answer's own; an empty one is taken away. */
export function withFields(response: Response, fields: Fields): Response {
  const changed = new Response(response.body, response);
  for (const [name, value] of Object.entries(fields)) {
    if (value === "") changed.headers.delete(name);
    else changed.headers.set(name, value);
  }
  return changed;
}

/** The request that is being answered: the gateway's store is told a finished name only. */
const asked = new AsyncLocalStorage<Request>();

export const answering = <T>(request: Request, work: () => T): T => asked.run(request, work);

export function renamed(cache: GatewayCache, nameFor: (name: string, request: Request) => string): GatewayCache {
  const named = (name: string): string => {
    const request = asked.getStore();
    return request === undefined ? name : nameFor(name, request);
  };
  return {
    ...cache,
    lookUp: (name) => cache.lookUp(named(name)),
    store: (name, entry) => cache.store(named(name), entry),
  };
}

const NOTHING: Targets = {
  application: { addresses: [], entities: [], everything: false },
  gateway: { tags: [], everything: false },
  cdn: { tags: [] },
};

const SKIPPED = { status: "skipped", reason: "the event does it" } as const;

/** The real steps, in another order; `now` does all there is to do, once. */
export const inOrder =
  (order: readonly TierName[]) =>
  (right: MultiTierInvalidation): MultiTierInvalidation => {
    const now: MultiTierInvalidation["now"] = async (targets, context) => {
      let done: InvalidationResult = { application: SKIPPED, gateway: SKIPPED, cdn: SKIPPED };
      for (const tier of order) {
        const alone = await right.now({ ...NOTHING, [tier]: targets[tier] }, context);
        done = { ...done, [tier]: alone[tier] };
      }
      return done;
    };
    return {
      now,
      bulk: (list, context) => now(mergeTargets(list), context),
      queued: async (_targets, event) => ({
        application: SKIPPED,
        gateway: SKIPPED,
        cdn: { status: "queued", event },
      }),
    };
  };
