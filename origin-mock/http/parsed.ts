// Owns the result of reading part of a request: the value, or every fault in it.
import type { Fault } from "./problem.ts";

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] };
