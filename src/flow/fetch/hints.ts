// Owns hints: request fields that go to the origin only if its response varies on them, or is for one client alone.
import type { RequestFacts, ResponseFacts } from "../../http/message/facts.ts";
import { splitList } from "../../http/message/fields.ts";
import type { CacheRequest } from "../cache-request.ts";
import type { FetchPlan } from "./fetch-plan.ts";
import { isUnstorable } from "./unstorable.ts";

/** Hints to send although no stored response varies on them. An unstorable resource gets all of them. */
export function hintsFor(request: CacheRequest, { hints }: FetchPlan): readonly string[] {
  if (hints) return hints;
  return isUnstorable(request) ? hintsOf(request.facts) : [];
}

/** Hints that the answer's `Vary` names but the origin did not receive: it must be asked again with them. */
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
