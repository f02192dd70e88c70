// Owns the order of invalidation: application, then gateway, then CDN, each only when the one before it is clean.
import { mergeTargets, type Targets } from "./targets.ts";
import type { ApplicationTier, CdnResult, GatewayTier, PurgeCdn, PurgeContext, Removal } from "./port.ts";

interface Held {
  readonly status: "held";
  readonly reason: string;
}
interface Skipped {
  readonly status: "skipped";
  readonly reason: string;
}

export interface InvalidationResult {
  readonly application: Removal | Skipped;
  readonly gateway: Awaited<ReturnType<GatewayTier["invalidate"]>> | Held | Skipped;
  readonly cdn: CdnResult | Held | Skipped | { readonly status: "queued"; readonly event: string };
}

export interface MultiTierInvalidation {
  now(targets: Targets, context: PurgeContext): Promise<InvalidationResult>;
  /** Merges the list, so that each tier is called once. */
  bulk(list: readonly Targets[], context: PurgeContext): Promise<InvalidationResult>;
  /** Cleans the two inner tiers now. The recorded event later cleans all three. */
  queued(targets: Targets, event: string): Promise<InvalidationResult>;
}

interface Tiers {
  readonly application: ApplicationTier;
  readonly gateway: GatewayTier | undefined;
  readonly cdn: PurgeCdn | undefined;
}

const NOTHING_THERE: Skipped = { status: "skipped", reason: "nothing of it is kept there" };

function held(tier: string, reason: string): Held {
  return {
    status: "held",
    reason: `the ${tier} is not clean: ${reason}`,
  };
}

function both(first: Removal, second: Removal): Removal {
  return first.status === "deferred"
    ? { ...first, keys: first.keys + second.keys }
    : { ...second, keys: first.keys + second.keys };
}

async function invalidateApplication(
  tier: ApplicationTier,
  { addresses, entities, everything }: Targets["application"],
): Promise<Removal | Skipped> {
  if (everything) return tier.bumpVersion();
  if (addresses.length === 0 && entities.length === 0) return NOTHING_THERE;
  if (entities.length === 0) return tier.remove(addresses);
  // One after the other, because two removals at once would each report the failure of the same Redis.
  const addressed = await tier.remove(addresses);
  return both(addressed, await tier.removeEntities(entities));
}

async function invalidateGateway(
  tier: GatewayTier | undefined,
  targets: Targets["gateway"],
  holds: Held | undefined,
): Promise<InvalidationResult["gateway"]> {
  if (targets.tags.length === 0 && !targets.everything) return NOTHING_THERE;
  if (tier === undefined) return { status: "skipped", reason: "there is no gateway" };
  if (holds === undefined) return tier.invalidate(targets);
  // Useful for this process, which reads its application cache only once that is clean.
  tier.owe(targets);
  return holds;
}

type Inner = Pick<InvalidationResult, "application" | "gateway"> & { readonly holds: Held | undefined };

async function invalidateInner(tiers: Tiers, targets: Targets): Promise<Inner> {
  const application = await invalidateApplication(tiers.application, targets.application);
  // An outer tier refills from the one inside it. Cleaning it early would only refetch the old value.
  const unclean = application.status === "deferred" ? held("application cache", application.reason) : undefined;
  const gateway = await invalidateGateway(tiers.gateway, targets.gateway, unclean);
  return { application, gateway, holds: gateway.status === "failed" ? held("gateway", gateway.reason) : unclean };
}

export function createMultiTierInvalidation(tiers: Tiers): MultiTierInvalidation {
  const now = async (targets: Targets, context: PurgeContext): Promise<InvalidationResult> => {
    const { holds, ...inner } = await invalidateInner(tiers, targets);
    if (targets.cdn.tags.length === 0) return { ...inner, cdn: NOTHING_THERE };
    if (tiers.cdn === undefined) return { ...inner, cdn: { status: "skipped", reason: "no edge URL is configured" } };
    return { ...inner, cdn: holds ?? (await tiers.cdn(targets.cdn.tags, context)) };
  };
  return {
    now,
    bulk: (list, context) => now(mergeTargets(list), context),
    async queued(targets, event) {
      const { application, gateway } = await invalidateInner(tiers, targets);
      return { application, gateway, cdn: targets.cdn.tags.length === 0 ? NOTHING_THERE : { status: "queued", event } };
    },
  };
}
