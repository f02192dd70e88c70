// Owns counting: how many cases of each kind passed, and which passes prove nothing.
import { type Case, type Kind, KINDS } from "./edition.ts";
import { hasPassed, type Results } from "./results.ts";

export interface Count {
  readonly passed: number;
  readonly total: number;
}

export type Score = Readonly<Record<Kind, Count>>;

/** A case passes when its result says so, whatever became of those it depends on; one without a result has not passed. */
export function score(cases: readonly Case[], results: Results): Score {
  const count = (kind: Kind): Count => {
    const ofKind = cases.filter((each) => each.kind === kind);
    return { passed: ofKind.filter(({ id }) => hasPassed(results, id)).length, total: ofKind.length };
  };
  const [required, optimal, check] = KINDS;
  return { required: count(required), optimal: count(optimal), check: count(check) };
}

/** The cases that passed although one they depend on, directly or not, did not: the suite's pages show them as unproven. */
export function unprovenPasses(cases: readonly Case[], results: Results): readonly string[] {
  const dependencies = new Map(cases.map(({ id, dependsOn }) => [id, dependsOn]));
  const stands = (id: string): boolean => hasPassed(results, id) && (dependencies.get(id) ?? []).every(stands);
  return cases.filter(({ id }) => hasPassed(results, id) && !stands(id)).map(({ id }) => id);
}
