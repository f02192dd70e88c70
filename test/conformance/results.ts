// Owns reading results in the suite's own form, as its client writes them and as they are published.

/** By case: it passed, or why not. */
export type Results = ReadonlyMap<string, Result>;

export type Result =
  | { readonly passed: true }
  /** `message` is the suite's: `Assertion: Response 2 comes from cache` */
  | { readonly passed: false; readonly message: string };

const PASSED: Result = { passed: true };

/** The results at the end of the client's output, behind whatever else it and its libraries wrote. Throws where there are none. */
export function resultsInOutput(output: string): Results {
  const lines = output.split(/\r?\n/);
  const first = lines.lastIndexOf("{");
  const last = lines.lastIndexOf("}");
  if (first === -1 || last < first) throw new Error("the suite's client wrote no results");
  return parseResults(lines.slice(first, last + 1).join("\n"));
}

/** One JSON object: `true`, or a pair of what went wrong and how, by case. */
export function parseResults(json: string): Results {
  const members = Object.entries(JSON.parse(json) as Record<string, unknown>);
  return new Map(members.map(([id, outcome]) => [id, resultOf(outcome)]));
}

export function hasPassed(results: Results, id: string): boolean {
  return results.get(id)?.passed ?? false;
}

function resultOf(outcome: unknown): Result {
  if (outcome === true) return PASSED;
  const message = Array.isArray(outcome) ? outcome.map(String).join(": ") : JSON.stringify(outcome);
  return { passed: false, message };
}
