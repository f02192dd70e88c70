// Owns the verdict over a run: its differences from the documented list. Checks carry none.
import type { Case } from "./edition.ts";
import type { KnownFailures } from "./known.ts";
import { hasPassed, type Result, type Results } from "./results.ts";

export type Unexpected =
  | { readonly kind: "failed"; readonly id: string; readonly message: string }
  | { readonly kind: "passed"; readonly id: string }
  /** The list names a case that this edition has not, or that is a check. */
  | { readonly kind: "unknown"; readonly id: string };

/** Everything that keeps a run from being as expected, in the order of the suites. */
export function unexpectedIn(cases: readonly Case[], results: Results, known: KnownFailures): readonly Unexpected[] {
  const judged = cases.filter(({ kind }) => kind !== "check");
  const ids = new Set(judged.map(({ id }) => id));
  const unknown = [...known.keys()].filter((id) => !ids.has(id)).map((id) => ({ kind: "unknown" as const, id }));
  return [...judged.flatMap(({ id }) => surprise(id, results.get(id), known)), ...unknown];
}

/**
 * Two runs as one: an outcome that is as expected in either counts, since a noisy machine breaks cases that wait, but
 * never mends them twice. Of a check that was answered differently, the second answer counts.
 */
export function combinedRuns(cases: readonly Case[], first: Results, second: Results, known: KnownFailures): Results {
  const chosen = cases.flatMap(({ id, kind }): readonly (readonly [string, Result])[] => {
    const isExpected = kind !== "check" && hasPassed(first, id) !== known.has(id);
    const result = (isExpected ? first : second).get(id);
    return result === undefined ? [] : [[id, result]];
  });
  return new Map(chosen);
}

function surprise(id: string, result: Result | undefined, known: KnownFailures): readonly Unexpected[] {
  if (result?.passed === true) return known.has(id) ? [{ kind: "passed", id }] : [];
  return known.has(id) ? [] : [{ kind: "failed", id, message: result?.message ?? "no result" }];
}
