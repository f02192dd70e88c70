// Owns comparisons, and whether each meets its budget.
import { median } from "./statistics.ts";

/** One comparison, a figure a round. */
export interface Comparison {
  readonly what: string;
  /** The unit behind the figures, "" for a ratio. */
  readonly unit: "" | "requests" | "MB";
  readonly better: "higher" | "lower";
  /** Absent: for comparison only. */
  readonly budget?: number | undefined;
  readonly rounds: readonly number[];
}

export interface Verdict {
  readonly what: string;
  readonly unit: Comparison["unit"];
  readonly better: Comparison["better"];
  readonly budget: number | undefined;
  readonly median: number;
  readonly worst: number;
  /** `undefined` without a budget. */
  readonly met: boolean | undefined;
  /** How far the median lies on the good side of its budget, as a share of the budget; negative: missed by so much. */
  readonly margin: number | undefined;
}

export function judged({ what, unit, better, budget, rounds }: Comparison): Verdict {
  const middle = median(rounds);
  const worst = better === "higher" ? Math.min(...rounds) : Math.max(...rounds);
  const margin = budget === undefined ? undefined : ((better === "higher" ? 1 : -1) * (middle - budget)) / budget;
  // a value that is no number has met no budget
  const met = margin === undefined ? undefined : margin >= 0;
  return { what, unit, better, budget, median: middle, worst, met, margin };
}

/** The worst first; comparisons without a budget last, in their order. */
export function worstFirst(verdicts: readonly Verdict[]): readonly Verdict[] {
  const rank = ({ margin }: Verdict): number =>
    margin === undefined ? Number.POSITIVE_INFINITY : Number.isNaN(margin) ? Number.NEGATIVE_INFINITY : margin;
  return verdicts.toSorted((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left === right ? 0 : left - right;
  });
}
