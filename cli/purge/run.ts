// Owns the course of a purge: with several batches all are tried dry first, then each is sent, in order, until one fails.
import { type Batch, problemAt } from "./batch.ts";
import type { EdgeClient, Receipt, Selected } from "./edge-client.ts";
import type { Item, Problem } from "./item.ts";
import { type Ended, persist, type Persistence } from "./persist.ts";
import type { Progress } from "./progress.ts";

export interface PurgeRun {
  readonly batches: readonly Batch[];
  /** The first takes the purge. */
  readonly edges: readonly EdgeClient[];
  readonly dryRun: boolean;
  readonly persistence: Persistence;
  readonly progress: Progress;
}

/** The known outcome of a batch. */
export type Fate =
  | { readonly state: "purged"; readonly batch: Batch; readonly receipt: Receipt }
  | { readonly state: "unconfirmed" | "not-purged"; readonly batch: Batch };

export interface Would {
  readonly batch: Batch;
  readonly selected: Selected;
}

export type Outcome =
  | { readonly kind: "would"; readonly would: readonly Would[] }
  | { readonly kind: "purged"; readonly fates: readonly Fate[] }
  /** The items may not or cannot be purged, and nothing was purged. */
  | { readonly kind: "refused"; readonly detail: string; readonly problems: readonly Problem[] }
  | {
      readonly kind: "failed";
      readonly detail: string;
      readonly problems: readonly Problem[];
      readonly fates: readonly Fate[];
    };

export async function runPurge(run: PurgeRun): Promise<Outcome> {
  const { batches, edges, dryRun, progress } = run;
  const [edge] = edges;
  if (!edge) throw new Error("no edge takes the purge");
  try {
    // a single order is carried out as a whole or not at all
    if (dryRun || batches.length > 1) {
      const tried = await tryAll(edge, run);
      if (dryRun || tried.kind !== "would") return tried;
    }
    return await sendAll(edge, run);
  } finally {
    progress.stop();
  }
}

/** Goes through all batches also where some are refused: people want to hear of all problems. */
async function tryAll(edge: EdgeClient, { batches, persistence, progress }: PurgeRun): Promise<Outcome> {
  const would: Would[] = [];
  const problems: Problem[] = [];
  let refusal: string | undefined;
  progress.start("check", itemsIn(batches));
  for (const batch of batches) {
    const ended = await persist(() => edge.dryRun(batch), persistence);
    progress.step(batch.items.length);
    if (ended.kind === "done") {
      would.push({ batch, selected: ended.value });
      continue;
    }
    if (ended.problems.length === 0) {
      return { kind: "failed", detail: ended.detail, problems, fates: batches.map(notPurged) };
    }
    refusal ??= ended.detail;
    for (const problem of problemsOf(ended, batch)) problems.push(problem);
  }
  return refusal === undefined ? { kind: "would", would } : { kind: "refused", detail: refusal, problems };
}

async function sendAll(edge: EdgeClient, { batches, persistence, progress }: PurgeRun): Promise<Outcome> {
  const fates: Fate[] = [];
  progress.start("purge", itemsIn(batches));
  for (const batch of batches) {
    const ended = await persist(() => edge.purge(batch), persistence);
    if (ended.kind === "done") {
      fates.push({ state: "purged", batch, receipt: ended.value });
      progress.step(batch.items.length);
      continue;
    }
    const { detail, mayBeDone } = ended;
    const problems = problemsOf(ended, batch);
    if (batches.length === 1 && problems.length > 0 && !mayBeDone) return { kind: "refused", detail, problems };
    fates.push({ state: mayBeDone ? "unconfirmed" : "not-purged", batch });
    fates.push(...batches.slice(batch.number).map(notPurged));
    return { kind: "failed", detail, problems, fates };
  }
  return { kind: "purged", fates };
}

function problemsOf({ problems }: Extract<Ended<unknown>, { kind: "failed" }>, batch: Batch): readonly Problem[] {
  return problems.map((problem) => problemAt(batch, problem));
}

function notPurged(batch: Batch): Fate {
  return { state: "not-purged", batch };
}

function itemsIn(batches: readonly Batch[]): number {
  return batches.reduce((sum, { items }) => sum + items.length, 0);
}

/** Within what time every edge obeys all that was purged, milliseconds. */
export function boundMs(fates: readonly Fate[]): number {
  return Math.max(0, ...receiptsOf(fates).map(({ visible }) => visible.everywhereWithinMs));
}

/** The number of the latest purge. */
export function lastSeq(fates: readonly Fate[]): number {
  return Math.max(...receiptsOf(fates).map(({ seq }) => seq));
}

export function receiptsOf(fates: readonly Fate[]): readonly Receipt[] {
  return fates.flatMap((fate) => (fate.state === "purged" ? [fate.receipt] : []));
}

/** The targets of each item; without an item: browsers. */
export function meaningOf({ batch, selected }: Would): { item: Item | undefined; forms: readonly string[] }[] {
  return selected.map(({ pointer, targets }) => ({
    item: batch.itemAt.get(pointer),
    forms: targets.map(({ value }) => value),
  }));
}
