// Owns the tests in Chromium on a machine without it: they are skipped, and the run says so.
import { describe } from "vitest";
import { findChromium } from "../../../cli/dev/chromium-binary.ts";

const EXECUTABLE = findChromium();

export function chromiumPath(): string {
  if (EXECUTABLE === undefined) throw new Error("these tests need chromium on PATH (apt-get install chromium)");
  return EXECUTABLE;
}

/** Without Chromium they are skipped, but not where everything must run. */
export function describeInChromium(name: string, tests: () => void): void {
  const absent = EXECUTABLE === undefined && !process.env["CI"];
  const title = absent ? `${name}: skipped, there is no chromium on PATH (apt-get install chromium)` : name;
  describe.skipIf(absent)(title, () => {
    tests();
  });
}
