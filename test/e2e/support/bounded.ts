// Owns the choice of a worker's waits: the worker of a test, and the binding that tells it.
import { fileURLToPath } from "node:url";
import type { EdgesOptions } from "../../../cli/dev/edges.ts";
import type { Bounds } from "../../../src/flow/support/bounds.ts";

/** `worker`: a file in test/e2e/workers/ that reads `chosen-bounds.ts`. */
export function bounded(bounds: Partial<Bounds>, worker = "bounded.ts"): Pick<EdgesOptions, "entry" | "bindings"> {
  return {
    entry: fileURLToPath(new URL(`../workers/${worker}`, import.meta.url)),
    bindings: { TEST_BOUNDS: JSON.stringify(bounds) },
  };
}
