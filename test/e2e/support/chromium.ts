// Owns where Chromium is, and what becomes of tests in it where there is none.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";

const EXECUTABLE = ["/usr/bin", ...(process.env["PATH"] ?? "").split(delimiter)]
  .map((directory) => join(directory, "chromium"))
  .find((file) => existsSync(file));

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
