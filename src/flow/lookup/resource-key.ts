// Owns the key and the slot of a request on this site.
import type { Location, RequestFacts } from "../../http/message/facts.ts";
import { type CacheKey, resourceKey } from "../../http/select/key.ts";
import { reducedQuery } from "../../http/select/reduced-query.ts";
import type { Rule } from "../../policy/define.ts";
import { originId, originOf } from "../../policy/origins.ts";
import type { CacheSlot } from "../../tiers/tier.ts";
import type { Edge } from "../edge.ts";

export function keyOf(edge: Edge, location: Location, rule: Rule): CacheKey {
  const origin = originId(originOf(edge.site.origins, location.host));
  return resourceKey({ ...keyedLocation(location, rule), origin, policyVersion: rule.version });
}

/** Where the response to a request is stored, before any index is known. `startedAt`: by default now. */
export function slotOf(
  edge: Edge,
  { location, field, fragments }: RequestFacts,
  rule: Rule,
  startedAt: CacheSlot["startedAt"] = edge.stack.tick(),
): CacheSlot {
  const { global, maxVariants } = rule;
  return {
    key: keyOf(edge, location, rule),
    request: field,
    fragments,
    index: undefined,
    global,
    maxVariants,
    startedAt,
  };
}

/** A location as its resource is keyed and purged. */
export function keyedLocation(location: Location, rule: Rule): Location {
  return rule.query ? { ...location, query: reducedQuery(location.query, rule.query) } : location;
}
