// Owns the last lines of a test run: the numbers passed, failed and skipped, the time, and the tests not run.

/** The part of vitest's JSON report that we read. */
export interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** How vitest ended: with an exit code, by a signal, or it could not be started. */
export type Ending =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly signal: string }
  | { readonly kind: "unstarted"; readonly why: string };

/** A file that could not be loaded has no tests to count and is a failure itself, as is a vitest that did not end by itself. */
export function count({ testResults }: Report, ending: Ending): Counts {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const having = (status: string): number => tests.filter((test) => test.status === status).length;
  const passed = having("passed");
  const skipped = tests.length - passed - having("failed");
  const unloaded = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  ).length;
  const failed = having("failed") + unloaded;
  if (ending.kind !== "exited") return { passed, skipped, failed: failed + 1 };
  // an error outside every test is nobody's, but no success
  return { passed, skipped, failed: ending.code !== 0 && failed === 0 ? 1 : failed };
}

/** Lines for people; the last one is for programs too: `N passed, N failed[, N skipped]`. */
export function summary(counts: Counts, ending: Ending, tookMs: number, notRun: readonly string[]): readonly string[] {
  const { passed, failed, skipped } = counts;
  return [
    ...(ending.kind === "killed"
      ? [`vitest was killed by ${ending.signal}: tests it had not reported are not counted`]
      : []),
    ...(ending.kind === "unstarted" ? [`vitest could not be started: ${ending.why}`] : []),
    ...notRun.map((what) => `not run: ${what}`),
    `took ${duration(tookMs)}`,
    `${String(passed)} passed, ${String(failed)} failed${skipped > 0 ? `, ${String(skipped)} skipped` : ""}`,
  ];
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${String(seconds)} s` : `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
}
