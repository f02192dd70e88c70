// Owns how many runs a costly property has: all of them under test:full and in CI, a share of them in a quick run.
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Above 0, at most 1. */
    propertyShare: number;
  }
}

export function runs(full: number): number {
  return Math.ceil(full * inject("propertyShare"));
}
