// Owns the chances of a simulation: the same sequence for the same seed.

export interface Chance {
  /** From 0 to 1. */
  next(): number;
  between(from: number, to: number): number;
  /** Waiting times of a Poisson process. */
  exponential(mean: number): number;
}

export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (from, to) => from + (to - from) * next(),
    exponential: (mean) => -mean * Math.log(1 - next()),
  };
}
