// Owns what an answer to an unsafe request makes invalid: its URLs near here, its groups and, where a rule asks, its URLs everywhere.
import { DependencyError } from "../error.ts";
import type { RequestFacts, ResponseFacts } from "../http/facts.ts";
import { invalidatedGroups } from "../http/groups.ts";
import { invalidatedBy } from "../http/invalidation.ts";
import { type Target, urlTarget } from "../http/target.ts";
import { ruleFor } from "../policy/match.ts";
import { originId, originOf } from "../policy/origins.ts";
import type { Edge, Exchange } from "./exchange.ts";
import { keyedLocation, keyOf } from "./key.ts";

/** What one origin may write into the purge log by its answers: clients can provoke them. */
const RATE = { perSecond: 10, burst: 100 } as const;

/**
 * RFC 9111 4.4 in this isolate, this colo and KV; RFC 9875 3 and what rules ask for everywhere, by the log. Resolves with the
 * log's number where it was written to. Who fails or is over its rate is reported: the answer goes out all the same.
 */
export async function invalidate(
  edge: Edge,
  exchange: Exchange,
  facts: RequestFacts,
  response: ResponseFacts,
): Promise<number | undefined> {
  const locations = invalidatedBy(facts, response);
  const here = locations.map((location) => {
    return edge.stack.invalidate(keyOf(edge, location, ruleFor(edge.site, location.path)));
  });
  const urls = locations.flatMap((location) => {
    const rule = ruleFor(edge.site, location.path);
    return rule.purgesEverywhere ? [urlTarget(keyedLocation(location, rule))] : [];
  });
  const targets = [...invalidatedGroups(facts, response), ...urls];
  const [seq] = await Promise.all([targets.length === 0 ? undefined : logged(edge, exchange, facts, targets), ...here]);
  return seq;
}

async function logged(
  edge: Edge,
  { trace }: Exchange,
  { location }: RequestFacts,
  targets: readonly Target[],
): Promise<number | undefined> {
  // by the origin, not by the host: that one is the client's to choose where one origin answers for all
  const actor = `origin ${originId(originOf(edge.site.origins, location.host))}`;
  const asked = targets.map(({ value }) => value);
  try {
    const { requestId } = trace;
    const outcome = await edge.purges.purge({ targets, mode: "hard", actor, asked, rate: RATE, requestId });
    if (outcome.kind === "purged") return outcome.seq;
    edge.report(new DependencyError("purge log", `refused an invalidation by ${actor}: ${outcome.kind}`));
  } catch (cause) {
    edge.report(new DependencyError("purge log", "did not take an invalidation", { cause }));
  }
  return undefined;
}
