// Owns the measuring of staleness: prices changed at once, each tier asked at each moment for products nobody asked for since.
import { setTimeout as pause } from "node:timers/promises";
import type { Tier, World } from "./world.ts";

/** Seconds after the answer to the update. */
export const MOMENTS = [0, 1, 5, 60] as const;
export const PRODUCTS_EACH = 10;
const FIRST_ID = 101;

/** How many of the asked products were answered how. */
export interface Cell {
  readonly old: number;
  readonly fresh: number;
  /** The tier held nothing: it reads through. */
  readonly empty: number;
}
export interface TierRow {
  readonly tier: string;
  /** One for each moment. */
  readonly cells: readonly Cell[];
}

interface Plan {
  readonly tier: Tier;
  readonly seconds: number;
  readonly ids: readonly number[];
}

/**
 * Asking changes what is asked: an edge that is asked fetches. So every tier has products of its own for every moment.
 * They are changed one after the other; a product's clock starts when its own update was answered.
 */
export async function measure({ tiers, change }: World): Promise<readonly TierRow[]> {
  const answers: Promise<{ readonly plan: Plan; readonly kind: keyof Cell }>[] = [];
  for (const plan of plansFor(tiers)) {
    for (const id of plan.ids) {
      const old = await warm(tiers, id);
      await change(id, old + 1);
      answers.push(askLater(plan, id, old));
    }
  }
  const seen = await Promise.all(answers);
  return tiers.map((tier) => ({
    tier: tier.name,
    cells: MOMENTS.map((seconds) => {
      const kinds = seen.filter(({ plan }) => plan.tier === tier && plan.seconds === seconds).map(({ kind }) => kind);
      const count = (kind: keyof Cell): number => kinds.filter((one) => one === kind).length;
      return { old: count("old"), fresh: count("fresh"), empty: count("empty") };
    }),
  }));
}

function plansFor(tiers: readonly Tier[]): readonly Plan[] {
  let next = FIRST_ID;
  return tiers.flatMap((tier) =>
    MOMENTS.map((seconds) => ({ tier, seconds, ids: Array.from({ length: PRODUCTS_EACH }, () => next++) })),
  );
}

/** Every tier holds the product afterwards; resolves with its price. */
async function warm(tiers: readonly Tier[], id: number): Promise<number> {
  let price = 0;
  for (const { name, ask } of tiers) {
    const answer = await ask(id);
    if (answer === undefined) throw new Error(`${name} holds nothing of product ${String(id)} before the change`);
    price = answer;
  }
  return price;
}

async function askLater(plan: Plan, id: number, old: number) {
  // the one pause that is the measure itself
  if (plan.seconds > 0) await pause(plan.seconds * 1000);
  const price = await plan.tier.ask(id);
  const kind: keyof Cell = price === undefined ? "empty" : price === old ? "old" : "fresh";
  return { plan, kind };
}
