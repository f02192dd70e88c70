// Owns the mistakes a shop can be built with: each takes exactly one protection out of the real one and leaves the rest.
import { AsyncLocalStorage } from "node:async_hooks";
import type { EventRecorder } from "../../../origin-mock/events/port.ts";
import type { GatewayCache } from "../../../origin-mock/gateway/response-cache.ts";
import type { TierPolicy } from "../../../origin-mock/cache/tier-policy.ts";
import { POLICY, TIER_POLICY } from "../../../origin-mock/http/policy.ts";
import type { InvalidationResult, MultiTierInvalidation } from "../../../origin-mock/invalidation/multi-tier.ts";
import { mergeTargets, type Targets } from "../../../origin-mock/invalidation/targets.ts";

export type Fields = Readonly<Record<string, string>>;
export type TierName = "application" | "gateway" | "cdn";
type Policies = Readonly<Partial<Record<keyof typeof POLICY, Fields>>>;
type TierPolicies = Readonly<Partial<Record<keyof typeof TIER_POLICY, TierPolicy>>>;

export interface Mistake {
  /** Rows of the shop's table of cache headers, written otherwise. */
  readonly policy?: Policies;
  /** The same of what is read through the tiers. */
  readonly tierPolicy?: TierPolicies;
  /** All that the gateway's key is made of. */
  readonly gatewayKey?: (request: Request) => string;
  /** A change to a request before it is answered. */
  readonly entering?: (request: Request) => Promise<Request>;
  /** A change to an answer on its way to the edge. */
  readonly leaving?: (response: Response, request: Request) => Response;
  readonly invalidation?: (right: MultiTierInvalidation) => MultiTierInvalidation;
  readonly events?: (right: EventRecorder) => EventRecorder;
}

function replaceMembers(row: object, members: object): void {
  for (const name of Object.keys(row)) Reflect.deleteProperty(row, name);
  Object.assign(row, members);
}

/** The tables are the process's own, so this holds for every shop in it, until what is returned is called. */
export function restatePolicies({ policy = {}, tierPolicy = {} }: Mistake): () => void {
  const restated = new Map<string, object>(Object.entries({ ...policy, ...tierPolicy }));
  const rows = Object.entries<object>({ ...POLICY, ...TIER_POLICY });
  const before = rows.flatMap(([name, row]) => {
    const members = restated.get(name);
    return members === undefined ? [] : [{ row, members, was: { ...row } }];
  });
  for (const { row, members } of before) replaceMembers(row, members);
  return () => {
    for (const { row, was } of before) replaceMembers(row, was);
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
