// Owns purges that origins cause by their answers. Clients provoke them, so their rate is bounded; beyond it they are folded into one, never dropped.
import { DependencyError } from "../../error.ts";
import type { Location } from "../../http/message/facts.ts";
import type { PurgeOrder, PurgeOutcome } from "../../http/targets/purge-order.ts";
import { type Target, targetName } from "../../http/targets/target.ts";
import { originId, originOf } from "../../policy/origins.ts";
import type { Edge, Exchange } from "../edge.ts";

/** Purges of one origin that each name their targets; the excess is folded. */
const RATE = { perSecond: 10, burst: 100 } as const;

/** Resolves with the purge's sequence number, where the log has one. */
export async function logged(
  edge: Edge,
  { trace: { requestId } }: Exchange,
  { host }: Location,
  targets: readonly Target[],
): Promise<number | undefined> {
  // by the origin, not by the host: a client chooses the host where one origin answers for all
  const actor = `origin ${originId(originOf(edge.site.origins, host))}`;
  const order = (what: readonly Target[], mode: PurgeOrder["mode"]): PurgeOrder => {
    return { targets: what, mode, actor, asked: what.map(({ value }) => value), requestId };
  };
  try {
    const name = [actor, ...targets.map(targetName)].join("\n");
    const outcome = await edge.origin.purging.take(name, () =>
      edge.purges.purge({ ...order(targets, "hard"), rate: RATE }),
    );
    if (outcome.kind === "purged") return outcome.seq;
    if (outcome.kind === "limited") await folded(edge, host, order([{ kind: "host", value: host }], "soft"));
    else reportRefusal(edge, actor, outcome);
  } catch (cause) {
    edge.report(new DependencyError("purge log", "did not take an invalidation", { cause }));
  }
  return undefined;
}

/**
 * Over the rate, the edge validates every response of the host before its next use. RFC 9111 4.4 asks for no more; it costs a 304 where a hard
 * purge would fetch everything anew. Two soft purges have that effect, and many changes share them.
 */
async function folded(edge: Edge, host: string, order: PurgeOrder): Promise<void> {
  const outcome = await edge.origin.purging.take(`host ${host}`, async () => {
    await edge.purges.purge(order);
    return edge.purges.purge(order);
  });
  const { actor } = order;
  if (outcome.kind !== "purged") return reportRefusal(edge, actor, outcome);
  edge.report(new DependencyError("purge log", `all of ${host} is validated: more changes by ${actor} than it takes`));
}

function reportRefusal(edge: Edge, actor: string, { kind }: PurgeOutcome): void {
  edge.report(new DependencyError("purge log", `refused an invalidation by ${actor}: ${kind}`));
}
