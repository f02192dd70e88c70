// Owns hints: request fields that the origin receives only where they matter, because a response varies on them or is for one client alone.
import type { RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { splitList } from "../../http/message/fields.ts";
import type { CacheRequest } from "../cache-request.ts";
import type { FetchPlan } from "./fetch-plan.ts";
import { isUnstorable } from "./unstorable.ts";

/** Fields that go along although no stored response varies on them: all, where the answer will be for this client alone. */
export function hintsFor(request: CacheRequest, { hints }: FetchPlan): readonly string[] {
  if (hints) return hints;
  return isUnstorable(request) ? hintsOf(request.facts) : [];
}

/** Fields that the answer's Vary names, and that the request did not take along: the origin made the answer without them. */
export function missedHints(
  { facts, slot }: CacheRequest,
  plan: FetchPlan,
  response: ResponseFacts,
): readonly string[] {
  if (plan.hints || response.status === 304) return [];
  const sent = slot.index?.fields ?? [];
  const varied = splitList(response.field("vary")?.toLowerCase() ?? "");
  return hintsOf(facts).filter((name) => varied.includes(name) && !sent.includes(name));
}

function hintsOf({ names, naming, declared }: RequestFacts): readonly string[] {
  return names.filter((name) => naming.groupOf(name) === "on-demand" && !declared.includes(name));
}
