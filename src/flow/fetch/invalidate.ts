// Owns invalidation by unsafe requests: it drops the URLs that an answer changed near here, its groups and, where a rule asks, its URLs everywhere.
import type { Location, RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { invalidatedGroups } from "../../http/targets/groups.ts";
import { invalidatedBy } from "../../http/targets/invalidation.ts";
import { type Target, urlTarget } from "../../http/targets/target.ts";
import { ruleFor } from "../../policy/match.ts";
import type { Edge, Exchange } from "../edge.ts";
import { keyedLocation, keyOf } from "../lookup/resource-key.ts";
import { logged } from "./origin-purges.ts";

/**
 * RFC 9111 4.4 in this isolate and this colo, and in KV in the background; RFC 9875 3 and what rules ask for everywhere, by the log.
 * Resolves with the purge's sequence number, where the log has one. A failure is reported, and the answer goes out all the same.
 */
export async function invalidate(
  edge: Edge,
  exchange: Exchange,
  facts: RequestFacts,
  response: ResponseFacts,
): Promise<number | undefined> {
  const changed = invalidatedBy(facts, response);
  const urls = await Promise.all(changed.map((location) => forgotten(edge, exchange, location, response.receivedAtMs)));
  const targets = [...invalidatedGroups(facts, response), ...urls.flat()];
  return targets.length === 0 ? undefined : logged(edge, exchange, facts.location, targets);
}

/** Resolves once the client's next request cannot find the old state here. Returns the targets to purge everywhere. */
async function forgotten(
  edge: Edge,
  { background }: Exchange,
  location: Location,
  atMs: number,
): Promise<readonly Target[]> {
  const { stack } = edge;
  const rule = ruleFor(edge.site, location.path);
  // a bypassed path is never stored
  if (rule.bypass) return [];
  const key = keyOf(edge, location, rule);
  // before any await: an answer stored after this comes from a request sent after this
  stack.supersede(key, atMs);
  // clients invent URLs, and a key that no tier has is worth no purge. Without the global tier nobody knows what other colos have
  const isKnown = rule.purgesEverywhere && (!rule.global || (await stack.holds(key)));
  if (rule.global) background(stack.dropFar(key));
  await stack.dropNear(key);
  return isKnown ? [urlTarget(keyedLocation(location, rule))] : [];
}
