// Owns the key of a location on this site.
import type { Location } from "../../http/message/facts.ts";
import { type CacheKey, resourceKey } from "../../http/select/key.ts";
import { reducedQuery } from "../../http/select/reduced-query.ts";
import type { Rule } from "../../policy/define.ts";
import { originId, originOf } from "../../policy/origins.ts";
import type { Edge } from "../edge.ts";

export function keyOf(edge: Edge, location: Location, rule: Rule): CacheKey {
  const origin = originId(originOf(edge.site.origins, location.host));
  return resourceKey({ ...keyedLocation(location, rule), origin, policyVersion: rule.version });
}

/** A location as its resource is keyed and purged. */
export function keyedLocation(location: Location, rule: Rule): Location {
  return rule.query ? { ...location, query: reducedQuery(location.query, rule.query) } : location;
}
