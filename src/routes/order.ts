// Owns carrying out a purge for an authenticated token: canonical targets, within the token's scope, as one order or not at all.
import { scopeOf } from "../auth/scopes.ts";
import type { Grant } from "../auth/tokens.ts";
import { DependencyError } from "../error.ts";
import type { Edge } from "../flow/edge.ts";
import type { PurgeMode, PurgeOrder } from "../http/targets/purge-order.ts";
import type { Problem } from "./problem.ts";
import { distinct, hostsOf, select, type Selected, type Selectors } from "./selectors.ts";

export interface PurgeRequest {
  readonly selectors: Selectors;
  readonly mode: PurgeMode;
  /** Browsers also drop their caches of the hosts that are named, or of all hosts. */
  readonly browsers?: boolean | undefined;
  /** Lists the targets without purging them. */
  readonly dryRun?: boolean | undefined;
  readonly idempotencyKey?: string | undefined;
}

export type PurgeResult =
  | {
      readonly kind: "purged";
      readonly seq: number;
      readonly purgedAtMs: number;
      readonly replayed: boolean;
      readonly targets: number;
    }
  | { readonly kind: "dry-run"; readonly selected: readonly Selected[] }
  /** The token may not do this; `problems` point into the selectors. */
  | { readonly kind: "forbidden"; readonly problems: readonly Problem[] }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] }
  /** The idempotency key was used for another purge. */
  | { readonly kind: "conflict" }
  | { readonly kind: "limited"; readonly retryAfterSeconds: number }
  | { readonly kind: "unavailable" };

/** Purges everything requested, or nothing. */
export type Purger = (request: PurgeRequest) => Promise<PurgeResult>;

/** Authenticates a presented token; "closed" where no token is configured. */
export type Authenticator = (presented: string | undefined) => Promise<Purger | "closed" | "denied">;

/** `requestId`: of the HTTP request that orders the purge. */
export function purgerFor(edge: Edge, grant: Grant, requestId: string): Purger {
  const whyRefused = scopeOf(grant);
  return async (request) => {
    const selection = select(request.selectors, edge.site);
    if (!selection.ok) return { kind: "refused", problems: selection.problems };
    const selected = request.browsers ? [...selection.selected, browsersOf(selection.selected)] : selection.selected;
    const problems = selected.flatMap(({ pointer, targets }) => {
      const detail = targets.map(whyRefused).find((why) => why !== undefined);
      return detail === undefined ? [] : [{ pointer, detail }];
    });
    if (problems.length > 0) return { kind: "forbidden", problems };
    return request.dryRun ? { kind: "dry-run", selected } : ordered(edge, grant, { ...request, requestId }, selected);
  };
}

/** Browsers of the hosts that are named. A tag, or a path without a host, is on every host. */
function browsersOf(selected: readonly Selected[]): Selected {
  const hosts = hostsOf(selected) ?? [""];
  return { pointer: "/browsers", written: "browsers", targets: hosts.map((value) => ({ kind: "browsers", value })) };
}

async function ordered(
  edge: Edge,
  { name, rate }: Grant,
  { mode, idempotencyKey, requestId }: PurgeRequest & Pick<PurgeOrder, "requestId">,
  selected: readonly Selected[],
): Promise<PurgeResult> {
  const targets = distinct(selected.flatMap((one) => one.targets));
  const asked = selected.map(({ written }) => written);
  try {
    const order = { targets, mode, actor: `token ${name}`, asked, rate, idempotencyKey, requestId };
    const outcome = await edge.purges.purge(order);
    return outcome.kind === "purged" ? { ...outcome, targets: targets.length } : outcome;
  } catch (cause) {
    edge.report(new DependencyError("purge log", "did not confirm a purge", { cause }));
    return { kind: "unavailable" };
  }
}
