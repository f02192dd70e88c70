// Owns the arithmetic of the benchmark: medians, percentiles, ratios round by round.

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** By nearest rank: the smallest value that at least `percent` of all do not exceed. NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** Pair by pair: a slow moment of the machine slows both sides of a pair. */
export function ratios(numerators: readonly number[], denominators: readonly number[]): readonly number[] {
  if (numerators.length !== denominators.length)
    throw new Error("ratios need as many rounds of the one as of the other");
  return numerators.map((value, round) => value / (denominators[round] ?? Number.NaN));
}
