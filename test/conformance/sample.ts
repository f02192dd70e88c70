// Owns a small edition and its results, for tests.
import type { Case, Edition, Kind } from "./edition.ts";
import { parseResults, type Results } from "./results.ts";

export function aCase(id: string, kind: Kind, ...dependsOn: readonly string[]): Case {
  return { id, kind, dependsOn };
}

export const SAMPLE: Edition = {
  version: "1.2.3",
  suites: [
    {
      id: "freshness",
      name: "Freshness",
      cases: [aCase("fresh", "required"), aCase("stale", "required"), aCase("reuse", "optimal", "fresh")],
    },
    { id: "parsing", name: "Parsing", cases: [aCase("quoted", "check", "fresh"), aCase("spaces", "check")] },
    { id: "surrogate-control", name: "Surrogate-Control", cases: [aCase("surrogate", "optimal")] },
  ],
};

/** Results in which the cases named pass and the others fail. */
export function passing(...ids: readonly string[]): Results {
  const outcomes = SAMPLE.suites
    .flatMap(({ cases }) => cases)
    .map(({ id }) => [id, ids.includes(id) ? true : ["Assertion", `${id} went wrong`]]);
  return parseResults(JSON.stringify(Object.fromEntries(outcomes)));
}
